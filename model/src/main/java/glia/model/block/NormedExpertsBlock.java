package glia.model.block;

import glia.model.spec.Experts;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.ExpertScale;
import glia.tensor.ops.expert.Routing;
import java.util.Optional;

/// Experts and router with separate norms (see `NormedExperts`).
final class NormedExpertsBlock implements Block {
    private final NormedExperts spec;
    private final Place place;
    private final Weight norm;
    private final Weight routerNorm;
    private final Weight router;
    private final Weight scale;
    private final ExpertMlp.Experts experts;

    NormedExpertsBlock(NormedExperts spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        norm = weights.get(place, Role.EXPERT_NORM);
        routerNorm = weights.get(place, Role.ROUTER_NORM);
        router = weights.get(place, Role.ROUTER);
        scale = weights.get(place, Role.EXPERT_SCALE);
        experts = ExpertsBlock.experts(spec.experts(), weights, place);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Experts inner = spec.experts();
        float eps = spec.norm().eps();
        Tensor logits = ops.linear(ops.rmsNorm(x, routerNorm, eps, 0), router);
        logits = ops.scale(logits, (float) (1 / Math.sqrt(x.cols())));
        Routing routing = new Routing(logits, inner.router(), Optional.empty());
        Tensor weights = ops.apply(routing);
        pass.crossLayer().addRouted(place, logits, routing);
        weights = ops.apply(new ExpertScale(weights, routing, scale));
        Tensor normed = ops.rmsNorm(x, norm, eps, spec.norm().offset());
        return ops.apply(new ExpertMlp(normed, weights, routing, experts, inner.weighting()));
    }
}
