"""Bad values of a good model with spikes, and what is said of each."""


def spikes(keys: str, neuron: str = "lif") -> str:
    """The change of `transmission` to spikes with these keys; they win over the usual ones."""
    usual = {"maximum_rate": "200 Hz", "synaptic_time_constant": "20 ms"}
    rest = [f"{key}: {value}" for key, value in usual.items() if key not in keys]
    return f"transmission={{{', '.join(['kind: spikes', f'neuron: {neuron}', *rest, keys])}}}"


# changes of a good model file with lif neurons
SPIKING_CHANGES: dict[str, tuple[str, tuple[str, ...]]] = {
    **{
        f"spikes: {keys}": (spikes(keys), said)
        for keys, said in {
            "maximum_rate: 0 Hz": ("transmission.maximum_rate: '0 Hz' is zero", "`100 Hz`"),
            "maximum_rate: -5 Hz": ("transmission.maximum_rate: '-5 Hz' is negative", "`100 Hz`"),
            "maximum_rate: 200": ("transmission.maximum_rate: 200 has no unit", "Hz, mHz, kHz"),
            "maximum_rate: 3 kHz": (
                "transmission.maximum_rate: 3 kHz is more than one spike in a time step of 1 ms",
                "write 1 kHz or less, or a `time_step` of 0.333 ms or less",
            ),
            "error_rate: 0 Hz": ("transmission.error_rate: '0 Hz' is zero", "`100 Hz`"),
            "error_rate: 600 Hz": (
                "transmission.error_rate: 600 Hz is more than one spike in two time steps of 1 ms",
                "write 500 Hz or less, or a `time_step` of 833 us or less",
            ),
            "synaptic_time_constant: 0 ms": (
                "transmission.synaptic_time_constant: '0 ms' is zero",
            ),
            "synaptic_time_constant: 0.9 ms": (
                "transmission.synaptic_time_constant: 0.9 ms is less than a time step, 1 ms",
                "write 1 ms or more",
            ),
            "neurons_per_unit: 0": ("transmission.neurons_per_unit: 0 is too small", "1 or more"),
            "neurons_per_unit: 1.5": ("transmission.neurons_per_unit: 1.5 is no whole number",),
            "mutual_inhibition: 0": ("transmission.mutual_inhibition: 0 is neither true nor",),
            "membrane_time_constant: 0 ms": (
                "transmission.membrane_time_constant: '0 ms' is zero",
            ),
            "refractory: -1 ms": ("transmission.refractory: '-1 ms' is negative", "0 or more"),
            "refractory: 0 ms": (
                "transmission.refractory: 0 s is less than a time step, 1 ms",
                "write 1 ms or more",
            ),
            "rest: -70": ("transmission.rest: -70 has no unit", "(V, mV)", "`-50 mV`"),
            "rest: -70 ms": ("transmission.rest: '-70 ms' has the unit 'ms'", "`-50 mV`"),
            "threshold: -70 mV": (
                "transmission.threshold: -70 mV is not above the rest, -70 mV",
                "would fire without input",
                "write more than -70 mV",
            ),
            "reset: -50 mV": (
                "transmission.reset: -50 mV is not below the threshold, -50 mV",
                "write less than -50 mV",
            ),
            "background: 0": ("transmission.background: 0 is too small", "above 0"),
            "treshold: -50 mV": ("unknown key `treshold`", "did you mean `threshold`?"),
        }.items()
    },
    **{
        f"membrane of a Poisson neuron: {keys}": (
            spikes(keys, "poisson"),
            (f"transmission.{keys.partition(':')[0]}: only lif neurons have it", "leave it out"),
        )
        for keys in (
            "membrane_time_constant: 20 ms",
            "refractory: 2 ms",
            "rest: -70 mV",
            "reset: 0 mV",
            "threshold: -50 mV",
            "background: 2.0",
        )
    },
    "unknown neuron": (
        spikes("", "fil"),
        ("transmission.neuron: 'fil'", "write one of lif, integrate"),
    ),
    "lif neurons with another activation": (
        "network={layers: [2, 3, 1], activation: sigmoid}",
        ("network.activation: the f-I curve of a lif neuron is its", "`activation: lif`"),
    ),
    "lif neurons with the default activation": (
        "network={layers: [2, 3, 1]}",
        ("network.activation: the f-I curve of a lif neuron is its activation, not tanh",),
    ),
    "lif outputs with another activation": (
        "network={layers: [2, 3, 1], activation: lif, output_activation: linear}",
        ("network.output_activation: the f-I curve", "not linear", "`output_activation: lif`"),
    ),
    "cross-entropy of lif neurons": (
        "loss=cross_entropy",
        ("loss: cross_entropy needs sigmoid outputs, and `output` has lif", "squared_error"),
    ),
    "input below 0": (
        "input={kind: constant, values: [0.2, -0.4]}",
        ("input.values: -0.4 is no spike rate", "between 0 and 1"),
    ),
    "input above 1": (
        "input={kind: constant, values: [1.5, 0]}",
        ("input.values: 1.5 is no spike rate", "write values between 0 and 1"),
    ),
    "sinusoid to spikes": (
        "input={kind: sinusoid, frequency: 1 Hz}",
        ("input.kind: sinusoid has negative values", "write constant, frames or array"),
    ),
    "noise to spikes": (
        "input={kind: noise, time_constant: 1 s}",
        ("input.kind: noise has negative values", "write constant, frames or array"),
    ),
    "delayed reference of spikes": (
        "validation={reference: delayed}",
        ("validation.reference: the waves of spikes", "write error_frame or instantaneous"),
    ),
}
