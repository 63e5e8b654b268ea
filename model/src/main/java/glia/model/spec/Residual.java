package glia.model.spec;

/// The residual connection: how the output u of a sublayer is added to the stream x.
public sealed interface Residual {
    /// `x + u`
    Residual PLAIN = new Add(1);

    /// `x + scale · u`
    record Add(float scale) implements Residual {
        public Add {
            NumberRange.FACTOR.require("residual factor", scale);
        }
    }

    /// `w · (x + u)` with a stored scalar w, which training leaves as it is.
    record Scaled() implements Residual { }

    /// `alpha · before(x) + beta · u`: the stream itself is normalized. With both 1 this is post-norm, where the norm
    /// after a sum is the `before` of the next sublayer. https://arxiv.org/abs/1706.03762,
    /// https://arxiv.org/abs/2501.08313
    record Normed(float alpha, float beta) implements Residual {
        public Normed {
            NumberRange.WEIGHT.require("alpha of the residual", alpha);
            NumberRange.WEIGHT.require("beta of the residual", beta);
        }
    }
}
