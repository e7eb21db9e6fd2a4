"""What each key of a model file means, by the part that it is of: for the JSON Schema."""

_INIT = "How the weights are made"
_TARGET_DELAY = (
    "By how much the target waits: matched (until its own input has arrived), none, or a time"
)
_FILE = "An .npy file with an array (time, units), relative to the model file's folder"
_INTERVAL = "Time between two rows of the array"
_INTERPOLATION = "Between two rows: the row before (previous), or in between (linear)"
_RULE_OF_FEEDBACK = "By what weights errors come back"
_BACKWARD = "How the backward weights are drawn; unless given, like the forward ones"
_TRACES = "What a backward synapse multiplies: what has waited for it, or what is there at present"

MEANINGS: dict[str, dict[str, str]] = {
    "Model": {
        "neurodiff": "Version of the format",
        "name": "Used in titles and in the run folder's name",
        "description": "Free text",
        "seed": "Every random draw of the model comes from it; a whole number, 0 or more",
        "time_step": "Step of the simulation clock",
        "network": "Units, synapses, delays and initial weights",
        "neuron": "How a unit turns its drive into its activation: static or leaky",
        "transmission": "How values travel through synapses: graded, events or spikes",
        "feedback": "By what weights errors come back, and who makes them",
        "plasticity": "The learning rule",
        "input": "The stimulus of the input units",
        "target": "What the outputs are to do",
        "loss": "Squared error (1/2 |x - y|^2), or cross-entropy of sigmoid outputs",
        "run": "How long to simulate, and on what kind of machine code",
        "record": "How often signals and weights are kept; none keeps nothing",
        "validation": "What the local products are held against, when, and what is good enough",
    },
    "Network": {
        "layers": "Units per layer, input first: a chain of all-to-all projections",
        "populations": "Sets of units by name, instead of `layers`",
        "projections": "Synapses between populations",
        "activation": "Activation function of all units but inputs, unless they have their own",
        "output_activation": "Activation function of the outputs; unless given, `activation`",
        "bias": "Whether units have a bias; centred: one that makes up for what arrives at rest",
        "delay": "Synaptic delay of both directions, or of each",
        "weights": "Initial weights of all projections that have none of their own",
        "dale": "Whether weights keep their signs (spikes only)",
    },
    "PopulationSpec": {
        "size": "Number of units",
        "role": "Whether it takes the stimulus, answers to the target, or neither",
        "activation": "Activation function; unless given, that of the network",
        "bias": "Whether its units have a bias; unless given, as in the network",
    },
    "ProjectionSpec": {
        "pre": "Population that sends",
        "post": "Population that receives",
        "name": "Name of the projection; pre_to_post unless given",
        "connectivity": "Which pairs of units have a synapse",
        "delay": "Synaptic delay; unless given, that of the network",
        "weights": "Initial weights; unless given, those of the network",
        "plastic": "Whether its weights learn",
        "dale": "Whether its weights keep their signs; unless given, as in the network",
    },
    "Connectivity": {
        "all_to_all": "All pairs are connected",
        "probability": "Each pair is connected with this probability",
        "one_to_one": "Each unit is connected to the unit of the same number",
        "weights": "Pairs are connected whose entry in the weights file is neither 0 nor NaN",
    },
    "Delays": {
        "forward": "Delay of the forward wave; one time step unless given",
        "backward": "Delay of the backward wave; one time step unless given",
    },
    "UniformDelay": {"uniform": "Shortest and longest delay, both included"},
    "NormalDelay": {"normal": "Mean and standard deviation of the delay"},
    "LognormalDelay": {"lognormal": "Mean and standard deviation of the delay itself"},
    "ScaledWeights": {"init": _INIT, "gain": "Factor of the spread that fan-in and fan-out give"},
    "NormalWeights": {"init": _INIT, "sd": "Standard deviation; the mean is 0"},
    "ConstantWeights": {"init": _INIT, "value": "The weight of every synapse"},
    "FileWeights": {
        "init": _INIT,
        "path": "An .npz file with a matrix (post, pre) for each projection, and biases",
    },
    "StaticNeuron": {"kind": "x = f(a), without a memory"},
    "LeakyNeuron": {
        "kind": "tau da/dt = -a + drive",
        "time_constant": "tau",
        "integration": "A step is exact for a constant drive, or one of Euler's method",
    },
    "GradedTransmission": {"kind": "Every time step carries the exact value"},
    "EventTransmission": {
        "kind": "A value is sent only when it has changed",
        "threshold": "Largest change of an activity that is not sent, or a cosine for both",
        "error_threshold": "Largest change of an error that is not sent, relative or absolute",
    },
    "CosineThreshold": {"cosine": "Between local products by events and graded ones; below 1"},
    "AbsoluteThreshold": {"absolute": "Largest change of an error that is not sent"},
    "RelativeThreshold": {
        "relative": "Largest change that is not sent, as a share of the population's errors",
        "average": "Time over which the size of the errors is measured; 1,000 steps unless given",
    },
    "SpikeTransmission": {
        "kind": "Values travel as spike rates",
        "neuron": "What fires: lif, integrate_and_fire or poisson",
        "maximum_rate": "Rate that stands for an activity of 1",
        "synaptic_time_constant": "Time constant of the trace that an arriving spike leaves",
        "neurons_per_unit": "How many neurons are a unit",
        "error_rate": "Rate of an error cell for an error of the size that errors have at first",
        "mutual_inhibition": "Whether ON and OFF cells inhibit each other",
        "membrane_time_constant": "Of lif neurons: time constant of the membrane",
        "refractory": "Of lif neurons: time after a spike without another",
        "rest": "Of lif neurons: potential without drive",
        "reset": "Of lif neurons: potential after a spike",
        "threshold": "Of lif neurons: potential at which they fire",
        "background": "Of lif neurons: drive that is always there, in units of threshold - rest",
    },
    "SymmetricFeedback": {"rule": _RULE_OF_FEEDBACK},
    "RandomFeedback": {"rule": _RULE_OF_FEEDBACK, "weights": _BACKWARD},
    "SignFeedback": {"rule": _RULE_OF_FEEDBACK},
    "DirectFeedback": {
        "rule": _RULE_OF_FEEDBACK,
        "weights": _BACKWARD,
        "delay": "Delay from an output to a hidden unit; unless given, the backward delay",
    },
    "KolenPollackFeedback": {"rule": _RULE_OF_FEEDBACK, "weights": _BACKWARD, "traces": _TRACES},
    "WeightMirrorFeedback": {
        "rule": _RULE_OF_FEEDBACK,
        "weights": _BACKWARD,
        "traces": _TRACES,
        "duration": "How long units send noise at the beginning",
        "noise": "Standard deviation of the noise",
        "weight_decay": "Decay of the backward weights, per second",
        "learning_rate": "Of the backward weights, per second; unless given, weight_decay/noise^2",
    },
    "Plasticity": {
        "rule": "dw/dt = -learning_rate * delta * x - weight_decay * w",
        "learning_rate": "Per second of model time; 0 Hz validates frozen weights",
        "start": "When learning begins",
        "weight_decay": "Decay of the weights, per second",
        "alignment": "What the error is multiplied by: what is there (none), or what it is about",
        "stages": "Stages of the trace; 1 unless given",
    },
    "NoPlasticity": {"rule": "Weights stay as they are"},
    "ConstantInput": {"kind": "The same values at all times", "values": "One for each input unit"},
    "SinusoidInput": {
        "kind": "amplitude * sin(2 pi frequency t + phase)",
        "frequency": "Of all input units, or a list with one for each",
        "amplitude": "Of all input units, or a list with one for each",
        "phase": "In radian, of all or for each input unit; or random",
    },
    "NoiseInput": {
        "kind": "Ornstein-Uhlenbeck processes",
        "time_constant": "Of their correlation",
        "sd": "Standard deviation",
    },
    "FramesInput": {
        "kind": "Labelled frames, one after another",
        "dataset": "A name, such as digits, or an .npz file with `frames` and `labels`",
        "samples": "Number of frames of a data set that is generated",
        "standardise": "Whether each value has mean 0 and sd 1 over the training frames",
        "stratify": "Whether the test has all classes in their proportions",
        "hold": "How long each frame is shown",
        "crossfade": "How long it takes to blend in from the frame before",
        "order": "Shuffled anew in each epoch, or as given",
        "test_fraction": "Share of the frames that is kept for the test",
    },
    "ArrayInput": {
        "kind": "Samples from a NumPy file",
        "file": _FILE,
        "interval": _INTERVAL,
        "interpolation": _INTERPOLATION,
    },
    "ConstantTarget": {
        "kind": "The same values at all times",
        "values": "One for each output unit",
        "delay": _TARGET_DELAY,
    },
    "TeacherTarget": {
        "kind": "What the same network with other weights answers",
        "seed": "Of the teacher's weights",
        "delay": _TARGET_DELAY,
    },
    "LabelsTarget": {"kind": "One-hot labels of the frames", "delay": _TARGET_DELAY},
    "ArrayTarget": {
        "kind": "Samples from a NumPy file",
        "file": _FILE,
        "interval": _INTERVAL,
        "interpolation": _INTERPOLATION,
        "delay": _TARGET_DELAY,
    },
    "Run": {
        "duration": "Model time",
        "epochs": "Passes through the training frames, instead of `duration`",
        "target": "Kind of machine code: auto, numpy, cython or cpp_standalone",
        "engine": "What moves the weights: fused kernels, the plain Brian2 network, or auto",
        "precision": "Type of the weights in fused kernels",
        "threads": "Number of threads of fused kernels",
        "checkpoint": "Wall time between two states from which the run can go on, or none",
    },
    "Record": {
        "signals": "How often activities, errors and the loss are kept, or none",
        "weights": "How often weights and biases are kept, or none but the first and the last",
        "events": "Whether events or spikes are kept",
        "products": (
            "Whether the local products that are compared are kept in the recording, all or none; "
            "auto: where they take no more than 256 MB"
        ),
        "window": "Start and stop of the part of the run whose signals are kept",
    },
    "Validation": {
        "reference": "What the local products are held against",
        "start": "From when on",
        "every": "How often",
        "minimum_cosine": "Smallest cosine of a layer that passes",
        "maximum_relative_error": "Largest relative error of a layer that passes",
    },
}
