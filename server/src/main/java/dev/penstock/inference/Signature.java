package dev.penstock.inference;

import dev.penstock.tensor.DataType;
import dev.penstock.tensor.Shape;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The inputs and outputs that a version declares. Shapes are what the model itself takes, batch
 * dimension included.
 *
 * @param inputs in the model's order; names are unique
 * @param outputs in the model's order; names are unique
 * @param maxBatchSize most rows along axis 0 of any input; 0 when the model sets no such limit
 */
public record Signature(List<TensorSpec> inputs, List<TensorSpec> outputs, int maxBatchSize) {
    public Signature {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    public Signature withMaxBatchSize(int rows) {
        return new Signature(inputs, outputs, rows);
    }

    /** The input of that name, or null. */
    public @Nullable TensorSpec input(String name) {
        return find(inputs, name);
    }

    /** The output of that name, or null. */
    public @Nullable TensorSpec output(String name) {
        return find(outputs, name);
    }

    /**
     * Whether a request fits: every input is there once, with its datatype, a shape that fits and
     * as many bytes as the shape says; every output asked for exists and is asked for once.
     *
     * @throws FailureException with {@link Failure.InvalidInput} when not
     */
    public void check(String model, TensorSet request, List<String> wantedOutputs) {
        checkNames(model, request.tensors());
        List<Tensor> tensors = request.tensors();
        for (int i = 0; i < tensors.size(); i++) {
            checkTensor(model, tensors.get(i));
        }
        for (int i = 0; i < wantedOutputs.size(); i++) {
            checkOutput(model, wantedOutputs, i);
        }
    }

    private void checkNames(String model, List<Tensor> tensors) {
        for (int i = 0; i < tensors.size(); i++) {
            String name = tensors.get(i).name();
            for (int k = 0; k < i; k++) {
                if (tensors.get(k).name().equals(name)) {
                    throw invalid(
                            "DUPLICATE_INPUT", "input '" + name + "' already exists in request");
                }
            }
        }
        int known = 0;
        for (int i = 0; i < tensors.size(); i++) {
            known += input(tensors.get(i).name()) == null ? 0 : 1;
        }
        if (tensors.size() != inputs.size() || known != tensors.size()) {
            throw wrongInputs(model, tensors);
        }
    }

    private FailureException wrongInputs(String model, List<Tensor> tensors) {
        StringBuilder got = new StringBuilder();
        for (Tensor tensor : tensors) {
            got.append(got.isEmpty() ? "'" : ",'").append(tensor.name()).append('\'');
        }
        StringBuilder missing = new StringBuilder();
        for (TensorSpec spec : inputs) {
            if (tensors.stream().noneMatch(t -> t.name().equals(spec.name()))) {
                missing.append(missing.isEmpty() ? "'" : ",'").append(spec.name()).append('\'');
            }
        }
        if (missing.isEmpty()) {
            return wrongNames(
                    "UNEXPECTED_INPUT",
                    "expected "
                            + inputs.size()
                            + " inputs but got "
                            + tensors.size()
                            + " inputs for model '"
                            + model
                            + "': unexpected inference input in ["
                            + got
                            + "]");
        }
        return wrongNames(
                "MISSING_INPUT",
                "expected "
                        + inputs.size()
                        + " inputs but got "
                        + tensors.size()
                        + " inputs for model '"
                        + model
                        + "'. Got input(s) ["
                        + got
                        + "], but missing required input(s) ["
                        + missing
                        + "]. Please provide all required input(s).");
    }

    private FailureException wrongNames(String code, String message) {
        return new FailureException(new Failure.InvalidInput(code, message, takes()));
    }

    // A hint travels as a header, so odd names are left to the metadata.
    private String takes() {
        StringBuilder names = new StringBuilder();
        for (TensorSpec spec : inputs) {
            names.append(names.isEmpty() ? "the inputs are '" : ", '")
                    .append(spec.name())
                    .append('\'');
        }
        boolean isPlain = names.chars().allMatch(c -> c >= ' ' && c <= '~');
        return names.isEmpty() || !isPlain || names.length() > MAX_HINT_CHARS
                ? SEE_SIGNATURE
                : names.toString();
    }

    private void checkTensor(String model, Tensor tensor) {
        TensorSpec spec = input(tensor.name());
        if (spec == null) {
            throw wrongInputs(model, List.of(tensor));
        }
        if (spec.type() != tensor.type()) {
            throw invalid(
                    "INPUT_DATATYPE",
                    "inference input '"
                            + tensor.name()
                            + "' data-type is '"
                            + tensor.type()
                            + "', but model '"
                            + model
                            + "' expects '"
                            + spec.type()
                            + "'");
        }
        Shape shape = tensor.shape();
        if (maxBatchSize > 0 && shape.rank() > 0 && shape.dim(0) > maxBatchSize) {
            throw new FailureException(
                    new Failure.InvalidInput(
                            "BATCH_SIZE",
                            "inference request batch-size must be <= "
                                    + maxBatchSize
                                    + " for '"
                                    + model
                                    + "', got "
                                    + shape.dim(0),
                            "send at most " + maxBatchSize + " rows at a time"));
        }
        if (!spec.shape().accepts(shape)) {
            throw invalid(
                    "INPUT_SHAPE",
                    "unexpected shape for input '"
                            + tensor.name()
                            + "' for model '"
                            + model
                            + "'. Expected "
                            + spec.shape()
                            + ", got "
                            + shape);
        }
        if (tensor.type() != DataType.BYTES && shape.byteSize(tensor.type()) != tensor.byteSize()) {
            throw invalid(
                    "INPUT_SIZE",
                    "input byte size mismatch for input '"
                            + tensor.name()
                            + "' for model '"
                            + model
                            + "'. Expected "
                            + shape.byteSize(tensor.type())
                            + ", got "
                            + tensor.byteSize());
        }
    }

    private void checkOutput(String model, List<String> wanted, int index) {
        String name = wanted.get(index);
        if (output(name) == null) {
            throw invalid(
                    "UNKNOWN_OUTPUT",
                    "unexpected inference output '" + name + "' for model '" + model + "'");
        }
        for (int k = 0; k < index; k++) {
            if (wanted.get(k).equals(name)) {
                throw invalid(
                        "DUPLICATE_OUTPUT", "output '" + name + "' already exists in request");
            }
        }
    }

    private static FailureException invalid(String code, String message) {
        return new FailureException(new Failure.InvalidInput(code, message, SEE_SIGNATURE));
    }

    private static final int MAX_HINT_CHARS = 200;
    private static final String SEE_SIGNATURE =
            "the model's metadata shows its signature: GET /v2/models/{name}";

    private static @Nullable TensorSpec find(List<TensorSpec> specs, String name) {
        for (int i = 0; i < specs.size(); i++) {
            if (specs.get(i).name().equals(name)) {
                return specs.get(i);
            }
        }
        return null;
    }
}
