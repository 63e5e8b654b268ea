package glia.model.spec;

import glia.tensor.ops.expert.MlpForm;
import java.util.List;

/// A gated MLP whose gates and ups are clamped, `down(form(gate(x), up(x)))`, without biases.
/// https://arxiv.org/abs/2508.10925
public record LimitedMlp(int intermediateSize, MlpForm.Limited form) implements Mixer {
    public LimitedMlp {
        NumberRange.SIZE.require("MLP width", intermediateSize);
        NumberRange.FACTOR.require("slope of the clamped gate", form.slope());
        NumberRange.CAP.require("limit of the clamped gate", form.limit());
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.add(Role.GATE, intermediateSize, hidden);
        shapes.add(Role.UP, intermediateSize, hidden);
        shapes.add(Role.DOWN, hidden, intermediateSize);
    }

    @Override
    public List<CacheKind> caches() {
        return List.of();
    }

    @Override
    public String describe() {
        return "MLP, " + intermediateSize + " wide, " + Experts.words(form);
    }
}
