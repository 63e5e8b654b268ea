package glia.model.block;

import glia.model.spec.Temperature;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.ScaledRows;

/// The factor of the queries by their positions.
final class QueryTemperature {
    private QueryTemperature() { }

    /// Applies the temperature, which is 1 in short sequences.
    static Tensor apply(Temperature temperature, Ops ops, Tensor q, Pass pass) {
        return switch (temperature) {
            case Temperature.Constant constant -> q;
            case Temperature.Logarithmic logarithmic -> {
                float[] factors = new float[pass.numTokens()];
                boolean sharper = false;
                for (int i = 0; i < factors.length; i++) {
                    factors[i] = logarithmic.at(pass.positions()[i]);
                    sharper |= factors[i] != 1;
                }
                yield sharper ? ops.apply(new ScaledRows(q, factors)) : q;
            }
        };
    }
}
