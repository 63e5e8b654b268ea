package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.scan.RecurrentScan;
import java.util.Optional;

/// A recurrent network (see `RecurrentNetwork`).
final class RecurrentBlock implements Block {
    private final RecurrentNetwork spec;
    private final Place place;
    private final Block input;
    private final Weight recurrence;
    private final Optional<Weight> bias;
    private final Block output;

    RecurrentBlock(RecurrentNetwork spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        boolean biased = spec.bias().ofInputs();
        input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, biased);
        recurrence = weights.get(place, Role.RECURRENCE);
        bias = biased ? Optional.of(weights.get(place, Role.RECURRENCE_BIAS)) : Optional.empty();
        output = switch (spec.output()) {
            case STATE -> (ops, x, pass, states) -> x;
            case PROJECTED ->
                    Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias().ofOutput());
        };
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor gates = input.forward(ops, x, pass, states);
        Tensor h = ops.apply(new RecurrentScan(gates, recurrence, bias, spec.cell(), states.recurrence(place, 0),
                pass.runs()));
        return output.forward(ops, h, pass, states);
    }
}
