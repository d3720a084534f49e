package dev.penstock.tensor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tensors with the memory they lie in. Whoever holds the set closes it, once; after that the data
 * of its tensors must not be touched.
 */
public final class TensorSet implements AutoCloseable {
    private final List<Tensor> tensors;
    private @Nullable Runnable release;

    private TensorSet(List<Tensor> tensors, Runnable release) {
        this.tensors = tensors;
        this.release = release;
    }

    /**
     * A set that calls {@code release} when it is closed.
     *
     * @param tensors kept, not copied; must not change afterwards
     */
    public static TensorSet of(List<Tensor> tensors, Runnable release) {
        return new TensorSet(tensors, release);
    }

    /** In the order they were sent, or in which the model declares them. */
    public List<Tensor> tensors() {
        return tensors;
    }

    /** The tensor of that name, or null. */
    public @Nullable Tensor find(String name) {
        for (int i = 0; i < tensors.size(); i++) {
            if (tensors.get(i).name().equals(name)) {
                return tensors.get(i);
            }
        }
        return null;
    }

    /** Gives the memory back. A second call is a bug of the caller and is refused. */
    @Override
    public void close() {
        Runnable once = release;
        if (once == null) {
            throw new IllegalStateException("tensor set closed twice");
        }
        release = null;
        once.run();
    }

    /**
     * Gathers tensors and their memory while a request is decoded; closed without {@link #build} it
     * frees all.
     */
    public static final class Builder implements AutoCloseable {
        private final List<Tensor> tensors = new ArrayList<>(4);
        private final List<Memory> memory = new ArrayList<>(2);
        private boolean built;

        /** Takes ownership of a block that tensors to come lie in. */
        public Builder own(Memory block) {
            memory.add(block);
            return this;
        }

        public Builder add(Tensor tensor) {
            tensors.add(tensor);
            return this;
        }

        public List<Tensor> tensors() {
            return tensors;
        }

        /** The set, which from now on owns all memory given to this builder. */
        public TensorSet build() {
            built = true;
            if (memory.size() == 1) {
                return new TensorSet(tensors, memory.getFirst());
            }
            return new TensorSet(tensors, this::free);
        }

        private void free() {
            for (int i = 0; i < memory.size(); i++) {
                memory.get(i).close();
            }
        }

        @Override
        public void close() {
            if (!built) {
                built = true;
                free();
            }
        }
    }
}
