package dev.penstock.http;

import dev.penstock.engine.Runner;
import dev.penstock.engine.Session;
import dev.penstock.inference.Signature;
import dev.penstock.tensor.Memory;
import dev.penstock.tensor.Tensor;
import dev.penstock.tensor.TensorPool;
import dev.penstock.tensor.TensorSet;
import dev.penstock.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * A model that gives its inputs back: output i has the data, datatype and shape of input i and the
 * name that the signature declares.
 */
final class EchoSession implements Session {
    private final TensorPool pool;
    private final Signature signature;

    EchoSession(TensorPool pool, Signature signature) {
        this.pool = pool;
        this.signature = signature;
    }

    /** A signature of inputs and, as outputs, the same with {@code _OUT} behind their names. */
    static Signature echoing(TensorSpec... inputs) {
        List<TensorSpec> outputs = new ArrayList<>();
        for (TensorSpec input : inputs) {
            outputs.add(new TensorSpec(input.name() + "_OUT", input.type(), input.shape()));
        }
        return new Signature(List.of(inputs), outputs, 0);
    }

    @Override
    public Signature signature() {
        return signature;
    }

    @Override
    public Runner newRunner() {
        return new Runner() {
            @Override
            public TensorSet run(TensorSet inputs, List<String> outputs) {
                return echo(inputs, outputs);
            }

            @Override
            public void terminate() {}

            @Override
            public void clearTerminate() {}

            @Override
            public void close() {}
        };
    }

    private TensorSet echo(TensorSet inputs, List<String> wanted) {
        TensorSet.Builder builder = new TensorSet.Builder();
        for (String name : wanted.isEmpty() ? names() : wanted) {
            int index = names().indexOf(name);
            Tensor input = inputs.find(signature.inputs().get(index).name());
            Memory memory = pool.take(input.byteSize());
            builder.own(memory);
            memory.bytes().put(0, input.data(), 0, input.byteSize());
            builder.add(new Tensor(name, input.type(), input.shape(), memory.bytes()));
        }
        return builder.build();
    }

    private List<String> names() {
        return signature.outputs().stream().map(TensorSpec::name).toList();
    }

    @Override
    public void close() {}
}
