package glia.model.block;

import glia.model.spec.ChannelMix;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.TimeMix;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ColumnMix;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.scan.PreviousToken;
import glia.tensor.ops.scan.WeightedKeyValueScan;

/// The mixers of RWKV-4 (https://arxiv.org/abs/2305.13048), which read mixtures of a token and the one before it.
final class MixBlocks {
    /// A projection of a mixture.
    private record Mixed(Weight share, Weight map) {
        Tensor of(Ops ops, Tensor x, Tensor before) {
            return ops.linear(ops.apply(new ColumnMix(x, before, share)), map);
        }
    }

    private MixBlocks() { }

    private static Mixed mixed(Weights weights, Place place, Role share, Role map) {
        return new Mixed(weights.get(place, share), weights.get(place, map));
    }

    private static Tensor before(Ops ops, Tensor x, Pass pass, States states, Place place) {
        return ops.apply(new PreviousToken(x, states.recurrence(place, 0), pass.runs()));
    }

    /// `out(σ(r) ⊙ wkv(k, v))`.
    static Block of(TimeMix spec, Weights weights, Place place) {
        Mixed key = mixed(weights, place, Role.KEY_MIX, Role.KEY);
        Mixed value = mixed(weights, place, Role.VALUE_MIX, Role.VALUE);
        Mixed gate = mixed(weights, place, Role.GATE_MIX, Role.GATE);
        Weight decay = weights.get(place, Role.DECAY);
        Weight bonus = weights.get(place, Role.BONUS);
        Weight output = weights.get(place, Role.OUTPUT);
        return (ops, x, pass, states) -> {
            Tensor before = before(ops, x, pass, states, place);
            Tensor mean = ops.apply(new WeightedKeyValueScan(key.of(ops, x, before), value.of(ops, x, before), decay,
                    bonus, states.recurrence(place, 1), pass.runs()));
            return ops.linear(ops.apply(new SigmoidGate(mean, gate.of(ops, x, before))), output);
        };
    }

    /// `σ(r) ⊙ down(relu(up)²)`.
    static Block of(ChannelMix spec, Weights weights, Place place) {
        Mixed up = mixed(weights, place, Role.KEY_MIX, Role.UP);
        Mixed gate = mixed(weights, place, Role.GATE_MIX, Role.GATE);
        Weight down = weights.get(place, Role.DOWN);
        return (ops, x, pass, states) -> {
            Tensor before = before(ops, x, pass, states, place);
            Tensor y = ops.linear(ops.activate(up.of(ops, x, before), Activation.RELU_SQUARED), down);
            return ops.apply(new SigmoidGate(y, gate.of(ops, x, before)));
        };
    }
}
