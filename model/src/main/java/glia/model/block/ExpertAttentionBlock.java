package glia.model.block;

import glia.model.spec.ExpertAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ChosenLinear.ChoiceSum;
import glia.tensor.ops.expert.ChosenLinear;
import glia.tensor.ops.expert.Routing;
import glia.tensor.ops.row.Columns.SwappedGroups;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// A mixture of attention heads (see `ExpertAttention`). The queries of a token are ordered by head and then by choice,
/// so that the choices of a head share its keys and values as in grouped-query attention.
final class ExpertAttentionBlock implements Block {
    private final ExpertAttention spec;
    private final Place place;
    private final Weight router;
    private final Projections projections;
    private final List<Weight> queries;
    private final List<Weight> outputs;
    private final Weight bias;
    private final AttentionShape shape;
    private final Optional<RopeTable> rope;

    ExpertAttentionBlock(ExpertAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        router = weights.get(place, Role.ROUTER);
        projections = Projections.of(weights, place, Role.KEY, Role.VALUE);
        queries = each(weights, Role.QUERY);
        outputs = each(weights, Role.OUTPUT);
        bias = weights.get(place, Role.OUTPUT_BIAS);
        shape = new AttentionShape(spec.router().numChosen() * spec.numHeads(), spec.numHeads(), spec.headSize(),
                spec.headSize(), (float) (1 / Math.sqrt(spec.headSize())), spec.span());
        rope = ropes.of(spec.rope());
    }

    private List<Weight> each(Weights weights, Role role) {
        return IntStream.range(0, spec.numExperts()).mapToObj(e -> weights.get(place, role, e)).toList();
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        int chosen = spec.router().numChosen();
        Tensor scores = ops.linear(x, router);
        Routing routing = new Routing(scores, spec.router(), Optional.empty());
        Tensor weights = ops.apply(routing);
        pass.crossLayer().addRouted(place, scores, routing);
        Tensor[] keyValues = projections.forward(ops, x);
        Tensor byChoice = ops.apply(new ChosenLinear(x, routing, queries));
        Tensor q = ops.apply(new SwappedGroups(byChoice, chosen, spec.numHeads()));
        Tensor mixed = ops.attention(rotate(ops, q, pass), rotate(ops, keyValues[0], pass), keyValues[1],
                states.keyValues(place, 0), pass.runs(), shape);
        Tensor heads = ops.apply(new SwappedGroups(mixed, spec.numHeads(), chosen));
        Tensor each = ops.apply(new ChosenLinear(heads, routing, outputs));
        return ops.addBias(ops.apply(new ChoiceSum(each, weights)), bias);
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, shape.keySize(), rope.get(), pass.runs().positions());
    }
}
