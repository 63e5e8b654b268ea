package glia.model.spec;

import java.util.List;

/// Attention, or a gated MLP, with a norm before its output projection: `W_o · norm(heads)`, or
/// `down(norm(f(gate(x)) · up(x)))`. https://arxiv.org/abs/2210.06423
public record SubNorm(Mixer mixer, Norm.Rms norm) implements Mixer {
    public SubNorm {
        if (!(mixer instanceof Attention || mixer instanceof GatedMlp)) {
            throw new IllegalArgumentException("a norm before the output needs attention or a gated MLP, not "
                    + mixer.describe());
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        mixer.parameters(shapes, hidden);
        shapes.add(Role.SUB_NORM, mixer instanceof Attention a ? a.outputSize()
                : ((GatedMlp) mixer).intermediateSize());
    }

    @Override
    public List<CacheKind> caches() {
        return mixer.caches();
    }

    @Override
    public String describe() {
        return mixer.describe() + ", normed before the output";
    }
}
