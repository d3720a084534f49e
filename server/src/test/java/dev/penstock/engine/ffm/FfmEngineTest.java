package dev.penstock.engine.ffm;

import dev.penstock.engine.Engine;
import dev.penstock.engine.EngineContract;
import dev.penstock.tensor.DataType;
import dev.penstock.tensor.TensorPool;
import java.util.List;

class FfmEngineTest extends EngineContract {
    @Override
    protected Engine newEngine(TensorPool pool) {
        return new FfmEngine(pool);
    }

    @Override
    protected List<DataType> types() {
        return List.of(DataType.values());
    }
}
