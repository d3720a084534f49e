"""Trains the two versions of the demo model "penguins" and writes them as ONNX files.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python train_penguins.py

Version 1 is a linear classifier, version 2 a small network. Both take four raw measurements and
standardise them inside the graph, so that a caller needs to know nothing about the training. The
same seed gives the same files; the figures printed at the end are computed by ONNX Runtime from
the files that were written.
"""

import hashlib
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from palmerpenguins import load_penguins

SEED = 20070905
HELD_OUT = 0.25
FEATURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
SPECIES = ["Adelie", "Chinstrap", "Gentoo"]
HIDDEN = 16
# Rounded weights are the same on machines whose linear algebra adds in another order.
DECIMALS = 4

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = {
    "linear": HERE / "models" / "penguins" / "1" / "model.onnx",
    "network": HERE / "penguins-v2" / "model.onnx",
}


def load():
    """All rows with four measurements, split per species into training and held-out rows."""
    table = load_penguins().dropna(subset=FEATURES)
    x = table[FEATURES].to_numpy(dtype=np.float64)
    y = np.array([SPECIES.index(name) for name in table["species"]])
    random = np.random.default_rng(SEED)
    held_out = np.zeros(len(y), dtype=bool)
    for label in range(len(SPECIES)):
        rows = random.permutation(np.flatnonzero(y == label))
        held_out[rows[: round(len(rows) * HELD_OUT)]] = True
    return x[~held_out], y[~held_out], x[held_out], y[held_out]


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def train(x, y, layers, steps, decay):
    """Full-batch Adam on the cross-entropy; layers are sizes from the input to the output."""
    random = np.random.default_rng(SEED)
    weights = []
    for fan_in, fan_out in zip(layers, layers[1:]):
        weights.append(random.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)))
        weights.append(np.zeros(fan_out))
    one_hot = np.eye(layers[-1])[y]
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    for step in range(1, steps + 1):
        inputs, h = [], x
        for i in range(0, len(weights), 2):
            inputs.append(h)
            h = h @ weights[i] + weights[i + 1]
            if i + 2 < len(weights):
                h = np.maximum(h, 0)
        delta = (softmax(h) - one_hot) / len(y)
        gradients = [None] * len(weights)
        for i in range(len(weights) - 2, -1, -2):
            gradients[i] = inputs[i // 2].T @ delta + decay * weights[i]
            gradients[i + 1] = delta.sum(axis=0)
            if i:
                delta = (delta @ weights[i].T) * (inputs[i // 2] > 0)
        for i, g in enumerate(gradients):
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.999 * second[i] + 0.001 * g * g
            rate = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            weights[i] -= rate * first[i] / (np.sqrt(second[i]) + 1e-8)
    return [np.round(w, DECIMALS) for w in weights]


def graph(name, mean, scale, weights):
    """The graph: standardise, one or two dense layers, then label and probabilities."""
    constants = {"mean": mean, "scale": scale}
    nodes = [
        helper.make_node("Sub", ["features", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["layer0"]),
    ]
    layers = len(weights) // 2
    for i in range(layers):
        constants[f"weight{i}"], constants[f"bias{i}"] = weights[2 * i], weights[2 * i + 1]
        is_last = i == layers - 1
        dense = "logits" if is_last else f"dense{i}"
        nodes.append(helper.make_node("Gemm", [f"layer{i}", f"weight{i}", f"bias{i}"], [dense]))
        if not is_last:
            nodes.append(helper.make_node("Relu", [dense], [f"layer{i + 1}"]))
    nodes += [
        helper.make_node("Softmax", ["logits"], ["probability"], axis=-1),
        helper.make_node("ArgMax", ["logits"], ["index"], axis=-1, keepdims=0),
        helper.make_node("Gather", ["labels", "index"], ["species"], axis=0),
    ]
    initializers = [
        numpy_helper.from_array(value.astype(np.float32), key) for key, value in constants.items()
    ]
    labels = [label.encode() for label in SPECIES]
    initializers.append(helper.make_tensor("labels", TensorProto.STRING, [len(labels)], labels))
    return helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", len(FEATURES)])],
        [
            helper.make_tensor_value_info("species", TensorProto.STRING, ["batch"]),
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", len(SPECIES)]),
        ],
        initializers,
    )


def save(kind, body):
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="train_penguins.py",
    )
    facts = {
        "data": "Palmer penguins (Horst, Hill, Gorman), CC0, PyPI palmerpenguins 0.1.6",
        "kind": kind,
        "seed": str(SEED),
        "features": ",".join(FEATURES),
        "classes": ",".join(SPECIES),
        "licence": "CC0-1.0",
    }
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    path = TARGETS[kind]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def report(kind, path, x, y):
    """Runs the file that was written on rows that training never saw."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    species, probability = session.run(None, {"features": x.astype(np.float32)})
    right = int((species == np.array(SPECIES)[y]).sum())
    loss = -np.log(probability[np.arange(len(y)), y]).mean()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(
        f"{kind}: {right} of {len(y)} held-out rows right ({right / len(y):.1%}),"
        f" cross-entropy {loss:.4f}, {path.stat().st_size} bytes, sha256 {digest[:16]}"
    )
    one = np.array([[39.1, 18.7, 181, 3750]], dtype=np.float32)
    species, probability = session.run(None, {"features": one})
    print(f"  39.1 18.7 181 3750 -> {species[0]} {np.array2string(probability[0], precision=6)}")


def main():
    x, y, held_x, held_y = load()
    mean, scale = np.round(x.mean(axis=0), DECIMALS), np.round(x.std(axis=0), DECIMALS)
    standard = (x - mean) / scale
    classes, width = len(SPECIES), len(FEATURES)
    trained = {
        "linear": train(standard, y, [width, classes], 2000, 1e-3),
        "network": train(standard, y, [width, HIDDEN, classes], 2000, 1e-3),
    }
    print(f"{len(y)} rows to train on, {len(held_y)} held out")
    for kind, weights in trained.items():
        report(kind, save(kind, graph(f"penguins_{kind}", mean, scale, weights)), held_x, held_y)


if __name__ == "__main__":
    main()
