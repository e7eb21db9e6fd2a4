"""Bad values of a good model file, and what is said of each."""

# the change; then what the message must say besides the file and the line: path of the key,
# value, remedy
CHANGES: dict[str, tuple[str, tuple[str, ...]]] = {
    # keys
    "unknown key": ("inptu=3", ("inptu: unknown key `inptu`", "did you mean `input`?")),
    "unknown key, nothing near": ("zebra=3", ("unknown key `zebra`", "write one of", "network")),
    "unknown key in network": (
        "network={layers: [2, 3, 1], activaton: tanh}",
        ("network.activaton: unknown key", "did you mean `activation`?"),
    ),
    "unknown key in input": (
        "input={kind: constant, value: [1, 2]}",
        ("input.value: unknown key", "did you mean `values`?"),
    ),
    "key of another kind": (
        "input={kind: constant, values: [1, 2], hold: 3 ms}",
        ("input.hold: unknown key", "write one of kind, values"),
    ),
    "missing key": ("input={kind: constant}", ("input.values: missing", "write `values: ...`")),
    "missing kind": (
        "input={values: [1, 2]}",
        ("input.kind: missing", "constant, sinusoid, noise, frames, array"),
    ),
    "unknown kind": (
        "input={kind: sinusoidal, frequency: 1 Hz}",
        ("input.kind: 'sinusoidal'", "did you mean `sinusoid`?"),
    ),
    "unknown initial weights": (
        "network={layers: [2, 3, 1], weights: {init: uniform}}",
        ("network.weights.init: 'uniform'", "did you mean `glorot_uniform`?"),
    ),
    "no mapping": ("input=constant", ("input: 'constant' is no mapping", "{kind: constant, ...}")),
    "empty part": ("target=", ("target: it is empty", "{kind: constant, ...}")),
    "empty run": ("run=", ("run: an empty value is no mapping", "`key: value`")),
    "word that is not known": (
        "network={layers: [2, 3, 1], activation: than}",
        ("network.activation: 'than' is not known", "did you mean `tanh`?"),
    ),
    "version": ("neurodiff=2", ("neurodiff: format version 2", "write `neurodiff: 1`")),
    # quantities
    "no unit": ("time_step=1", ("time_step: 1 has no unit", "s, ms, us", "`5 ms`")),
    "no unit, as text": ("time_step='1'", ("time_step: '1' has no unit", "`5 ms`")),
    "wrong unit": ("time_step=1 Hz", ("'1 Hz' has the unit 'Hz'", "s, ms, us")),
    "unknown unit": ("run={duration: 2 minutes}", ("run.duration: '2 minutes'", "s, ms, us")),
    "wrong unit of a frequency": (
        "input={kind: sinusoid, frequency: 2 s}",
        ("input.frequency: '2 s' has the unit 's'", "Hz, mHz, kHz", "`0.5 Hz`"),
    ),
    "one of several frequencies": (
        "input={kind: sinusoid, frequency: [1 Hz, 2]}",
        ("input.frequency.1: 2 has no unit", "Hz"),
    ),
    "nonsense": ("time_step=soon", ("time_step: 'soon' is not understood", "`5 ms`")),
    "list for a time": ("time_step=[1 ms]", ("time_step: ['1 ms'] is no quantity", "`5 ms`")),
    "negative time": ("run={duration: -2 ms}", ("run.duration: '-2 ms' is negative", "positive")),
    "negative rate": (
        "plasticity={rule: diffusion, learning_rate: -1 Hz}",
        ("plasticity.learning_rate: '-1 Hz' is negative", "0 or more"),
    ),
    "infinite time": ("run={duration: 1e999 s}", ("'1e999 s' is not finite",)),
    "time step of 0": ("time_step=0 ms", ("time_step: '0 ms' is zero", "positive")),
    "no time": ("target={kind: constant, values: [1], delay: late}", ("target.delay", "`matched`")),
    # delays
    "delay off the grid": (
        "network={layers: [2, 3, 1], delay: 2.5 ms}",
        ("network.delay: 2.5 ms is no multiple of the time step, 1 ms", "`time_step`"),
    ),
    "delay far below a step": (
        "network={layers: [2, 3, 1], delay: 1e-9 ms}",
        ("network.delay: 1e-09 ms is no multiple of the time step",),
    ),
    "delay of 0": (
        "network={layers: [2, 3, 1], delay: 0 ms}",
        ("network.delay: '0 ms' is zero", "at least one time step", "`1 ms`"),
    ),
    "delay of the number 0": (
        "network={layers: [2, 3, 1], delay: 0}",
        ("network.delay: 0 is zero", "at least one time step"),
    ),
    "delay of 0 in one direction": (
        "network={layers: [2, 3, 1], delay: {forward: 1 ms, backward: 0 ms}}",
        ("network.delay.backward: '0 ms' is zero", "at least one time step"),
    ),
    "negative delay": (
        "network={layers: [2, 3, 1], delay: -1 ms}",
        ("network.delay: '-1 ms' is negative", "at least one time step"),
    ),
    "uniform delay reversed": (
        "network={layers: [2, 3, 1], delay: {uniform: [5 ms, 1 ms]}}",
        ("network.delay.uniform: the shortest delay is longer", "[shortest, longest]"),
    ),
    "uniform delay off the grid": (
        "network={layers: [2, 3, 1], delay: {backward: {uniform: [1 ms, 2.5 ms]}}}",
        ("network.delay.backward.uniform.1: 2.5 ms is no multiple",),
    ),
    "uniform delay of one value": (
        "network={layers: [2, 3, 1], delay: {uniform: [5 ms]}}",
        ("network.delay.uniform.1: one value is missing",),
    ),
    "unknown delay": (
        "network={layers: [2, 3, 1], delay: {gamma: [5 ms]}}",
        ("network.delay.gamma: unknown key `gamma`", "forward, backward"),
    ),
    "unknown distribution of a delay": (
        "network={layers: [2, 3, 1], delay: {forward: {gamma: [5 ms]}}}",
        ("network.delay.forward", "is not understood", "{uniform: [1 ms, 5 ms]}"),
    ),
    # sizes
    "layer of 0": ("network={layers: [2, 0, 1]}", ("network.layers.1: 0 is too small", "above 0")),
    "negative layer": ("network={layers: [2, -3, 1]}", ("network.layers.1: -3", "above 0")),
    "fractional layer": ("network={layers: [2, 1.5, 1]}", ("network.layers.1: 1.5 is no whole",)),
    "layer as text": ("network={layers: [2, '3', 1]}", ("network.layers.1: '3' is no whole",)),
    "one layer": ("network={layers: [2]}", ("network.layers: too few entries (1)", "at least 2")),
    "layers as a number": ("network={layers: 3}", ("network.layers: 3 is no list", "[..., ...]")),
    "no network": ("network={}", ("network: no units", "`layers`", "`populations`")),
    "both networks": (
        "network={layers: [2, 1], projections: [{pre: a, post: b}]}",
        ("network: `layers` and `projections` do not go together",),
    ),
    "constant input of the wrong size": (
        "input={kind: constant, values: [1]}",
        ("input.values: 1 values for 2 input units", "write 2 values"),
    ),
    "amplitudes of the wrong size": (
        "input={kind: sinusoid, frequency: 1 Hz, amplitude: [1, 2, 3]}",
        ("input.amplitude: 3 values for 2 input units", "write 2 values"),
    ),
    "frequencies of the wrong size": (
        "input={kind: sinusoid, frequency: [1 Hz]}",
        ("input.frequency: 1 values for 2 input units",),
    ),
    "phases of the wrong size": (
        "input={kind: sinusoid, frequency: 1 Hz, phase: [0, 0, 0]}",
        ("input.phase: 3 values for 2 input units",),
    ),
    "target of the wrong size": (
        "target={kind: constant, values: [1, 2]}",
        ("target.values: 2 values for 1 output units", "write 1 values"),
    ),
    # numbers
    "number as text": (
        "input={kind: constant, values: [0.2, '0.4']}",
        ("input.values.1: '0.4' is no number", "without quotes"),
    ),
    "NaN": ("input={kind: constant, values: [.nan, 1]}", ("input.values.0: nan is not finite",)),
    "infinity": (
        "target={kind: constant, values: [.inf]}",
        ("target.values.0: inf is not finite",),
    ),
    "no values": ("input={kind: constant, values: []}", ("input.values: too few entries (0)",)),
    "truth for a number": (
        "input={kind: constant, values: [1, true]}",
        ("input.values.1: true is no number",),
    ),
    "number for a truth": (
        "network={layers: [2, 3, 1], bias: 1}",
        ("network.bias: 1 is not understood; write true, false or centred",),
    ),
    "fractional seed": ("seed=1.5", ("seed: 1.5 is no whole number",)),
    "negative seed": ("seed=-1", ("seed: -1 is too small", "write 0 or more")),
    "negative sd": (
        "network={layers: [2, 3, 1], weights: {init: normal, sd: -1}}",
        ("network.weights.sd: -1 is too small", "0 or more"),
    ),
    "cosine above 1": ("validation={minimum_cosine: 2}", ("validation.minimum_cosine: 2", "1 or")),
    "phase that is no number": (
        "input={kind: sinusoid, frequency: 1 Hz, phase: rando}",
        ("input.phase: 'rando' is not known", "write `random`"),
    ),
    # names
    "path in the name": ("name=../../etc/passwd", ("name: '../../etc/passwd' is no name", "use")),
    "slash in the name": ("name=a/b", ("name: 'a/b' is no name", "letters, digits")),
    "name of dots": ("name=..", ("name: '..' is no name",)),
    "empty name": ("name=''", ("name: '' is no name",)),
    "endless name": (f"name={'a' * 101}", ("is too long", "at most 100 characters")),
    "number as a name": ("name=3", ("name: 3 is no text", "quotes")),
    # losses and targets
    "cross-entropy of tanh": (
        "loss=cross_entropy",
        ("loss: cross_entropy needs sigmoid outputs, and `output` has tanh", "output_activation"),
    ),
    "labels without frames": (
        "target={kind: labels}",
        ("target.kind: labels need frames, and the input is constant", "kind: frames"),
    ),
    # what would have no effect
    "window of nothing": (
        "record={signals: none, window: [0 ms, 5 ms]}",
        ("record.window: no signals are recorded", "leave it out"),
    ),
    "normal delay below a step": (
        "network={layers: [2, 3, 1], delay: {normal: [0.2 ms, 1 ms]}}",
        ("network.delay.normal.0: 0.2 ms is less than a time step", "at least one"),
    ),
    "validation after the end": (
        "validation={start: 20 ms}",
        ("validation.start: 20 ms is not before the end, 20 ms",),
    ),
    "validation less than once": (
        "validation={every: 30 ms}",
        ("validation.every: 30 ms is not before the end, 20 ms",),
    ),
    "window after the end": (
        "record={signals: 1 ms, window: [20 ms, 30 ms]}",
        ("record.window: 20 ms is not before the end, 20 ms",),
    ),
    "plasticity after the end": (
        "plasticity={rule: diffusion, learning_rate: 1 Hz, start: 1 s}",
        ("plasticity.start: 1 s is not before the end, 20 ms",),
    ),
    # run, record, validation
    "epochs without frames": ("run={epochs: 3}", ("run.epochs: epochs need frames", "duration")),
    "both lengths": ("run={epochs: 3, duration: 2 s}", ("run: both `duration` and `epochs`",)),
    "no length": ("run={target: numpy}", ("run: no length", "`duration: 2 s`", "`epochs: 3`")),
    "epochs of 0": ("run={epochs: 0}", ("run.epochs: 0 is too small", "above 0")),
    "duration off the grid": ("run={duration: 2.5 ms}", ("run.duration: 2.5 ms is no multiple",)),
    "unknown machine": ("run={duration: 2 s, target: gpu}", ("run.target: 'gpu'", "cython")),
    "window reversed": (
        "record={window: [9 ms, 3 ms]}",
        ("record.window: it ends before it starts", "[start, stop]"),
    ),
    "record some": ("record=some", ("record: 'some' is no mapping",)),
    "record off the grid": ("record={signals: 0.5 ms}", ("record.signals: 0.5 ms is no multiple",)),
    "record at no time": ("record={signals: often}", ("record.signals: 'often'", "`none`")),
    "validation off the grid": (
        "validation={every: 1.5 ms}",
        ("validation.every: 1.5 ms is no multiple of the time step",),
    ),
    "crossfade longer than hold": (
        "input={kind: frames, hold: 3 ms, crossfade: 5 ms}",
        ("input.crossfade: 5 ms is longer than a frame is held", "`hold`"),
    ),
    "test fraction of 1": (
        "input={kind: frames, hold: 3 ms, test_fraction: 1}",
        ("input.test_fraction: 1 is too large", "below 1"),
    ),
    **{
        f"events: {inside}": (f"transmission={{kind: events, {inside}}}", said)
        for inside, said in {
            "threshold: -0.1, error_threshold: 0.1": (
                "transmission.threshold: -0.1 is too small",
                "0 or more",
            ),
            "threshold: 0.1, error_threshold: -0.1": (
                "transmission.error_threshold: -0.1 is negative",
                "write 0 (every change is sent) or more",
            ),
            "error_threshold: 0.1": ("transmission.threshold: missing", "`threshold: 0.01`"),
            "threshold: 0.1": ("transmission.error_threshold: missing", "`error_threshold: 0.02`"),
            "threshold: 1 mV, error_threshold: 0.1": (
                "transmission.threshold: '1 mV' is no number",
            ),
            "threshold: {cosine: 1}": ("threshold.cosine: 1 is too large", "below 1"),
            "threshold: {cosine: 0}": ("threshold.cosine: 0 is too small", "above 0"),
            "threshold: {cosin: 0.9}": ("threshold.cosin: unknown key", "write `cosine`"),
            "threshold: {}": ("threshold.cosine: missing",),
            "threshold: {cosine: 0.9}, error_threshold: 0.02": (
                "transmission.error_threshold: `threshold: {cosine: ...}` chooses this one, too",
                "leave it out, or write both as numbers",
            ),
            "threshold: {relative: 0.1}, error_threshold: 0.1": (
                "transmission.threshold: an activity has no scale",
                "write a number such as 0.01",
            ),
            "threshold: 0.1, error_threshold: {relative: 0}": (
                "transmission.error_threshold.relative: 0 is too small",
                "above 0",
            ),
            "threshold: 0.1, error_threshold: {absolute: -1}": (
                "transmission.error_threshold.absolute: -1 is too small",
                "0 or more",
            ),
            "threshold: 0.1, error_threshold: {relative: 0.1, average: 0 ms}": (
                "transmission.error_threshold.average: '0 ms' is zero",
            ),
            "threshold: 0.1, error_threshold: {relative: 0.1, average: 100}": (
                "transmission.error_threshold.average: 100 has no unit",
            ),
            "threshold: 0.1, error_threshold: {relative: 0.1, average: 1.5 ms}": (
                "transmission.error_threshold.average: 1.5 ms is no multiple",
            ),
            "threshold: 0.1, error_threshold: {average: 1 s}": (
                "transmission.error_threshold: {'average': '1 s'} is not understood",
                "{relative: 0.02} or {absolute: 0.001}",
            ),
            "threshold: 0.1, error_threshold: {relative: 0.1, absolute: 0.1}": (
                "transmission.error_threshold: {'relative': 0.1, 'absolute': 0.1}",
                "{relative: 0.02} or {absolute: 0.001}",
            ),
            "threshold: 0.1, error_threshold: {absolute: 0.1, average: 1 s}": (
                "transmission.error_threshold.average: unknown key `average`",
            ),
        }.items()
    },
    "events of graded transmission": (
        "record={events: all}",
        ("record.events: there are no events where transmission is graded", "kind: events"),
    ),
    # what only spikes have
    "Dale's principle without spikes": (
        "network={layers: [2, 3, 1], dale: true}",
        ("network.dale: only spiking transmission keeps the signs", "kind: spikes"),
    ),
    "f-I curve without spikes": (
        "network={layers: [2, 3, 1], activation: lif}",
        ("network.activation: lif is the f-I curve", "transmission is graded", "neuron: lif"),
    ),
    "f-I curve of outputs without spikes": (
        "network={layers: [2, 3, 1], output_activation: lif}",
        ("network.output_activation: lif is the f-I curve", "or another activation"),
    ),
    # leaky neurons
    "leaky alone": ("neuron=leaky", ("neuron.time_constant: missing", "`time_constant: ...`")),
    **{
        f"leaky: {keys}": (f"neuron={{kind: leaky, {keys}}}", said)
        for keys, said in {
            "time_constant: 10": ("neuron.time_constant: 10 has no unit", "`5 ms`"),
            "time_constant: 0 ms": ("neuron.time_constant: '0 ms' is zero", "positive"),
            "time_constant: 10 us": (
                "neuron.time_constant: 10 us is so much less than a time step, 1 ms",
                "`neuron: static`, or a `time_step` of 10 us",
            ),
            "time_constant: 101 s": (
                "neuron.time_constant: 101 s is more than 100000 time steps of 1 ms",
                "write 100 s or less, or a larger `time_step`",
            ),
            "time_constant: 0.5 ms, integration: euler": (
                "neuron.time_constant: 0.5 ms is less than a time step, 1 ms",
                "write 1 ms or more, or `integration: exact`",
            ),
            "time_constant: 5 ms, integration: heun": (
                "neuron.integration: 'heun' is not known",
                "write one of exact, euler",
            ),
        }.items()
    },
    "integration of static neurons": (
        "neuron={kind: static, integration: exact}",
        ("neuron.integration: unknown key", "write `kind`"),
    ),
    "spikes alone": (
        "transmission=spikes",
        ("transmission.neuron: missing", "`neuron: lif`", "`maximum_rate: 200 Hz`"),
    ),
    "sweep": ("neurodiff_sweep=1", ("neurodiff_sweep: this is a sweep file", "`neurodiff sweep`")),
}
