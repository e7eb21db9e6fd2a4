"""Data sets that scikit-learn brings with it.

- digits: 1,797 handwritten digits, 8 x 8 pixels scaled to [0, 1];
- iris: 150 flowers of 3 species, length and width of sepals and petals in cm (Fisher 1936);
- wine: 178 wines of 3 cultivars, 13 quantities of a chemical analysis;
- breast_cancer: 569 tumours, malignant (0) or benign (1), 30 measures of cell nuclei.
"""

import numpy as np

from neurodiff.stimuli.datasets.interface import Labelled, Maker, dataset

#: By name, what values are divided by.
_SCALES = {"digits": 16.0, "iris": 1.0, "wine": 1.0, "breast_cancer": 1.0}


def _stored(name: str) -> Maker:
    def made(samples: int, rng: np.random.Generator) -> Labelled:
        from sklearn import datasets

        found = getattr(datasets, f"load_{name}")()
        return Labelled(found.data / _SCALES[name], found.target.astype(np.int64))

    return made


for _name in _SCALES:
    dataset(_name)(_stored(_name))
