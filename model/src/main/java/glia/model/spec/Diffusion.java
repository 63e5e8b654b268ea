package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;

/// How a text diffusion model generates: a canvas of tokens is denoised in steps, all places at once, instead of token
/// after token.
public sealed interface Diffusion {
    /// Masked diffusion (https://arxiv.org/abs/2502.09992, https://arxiv.org/abs/2508.15487): noise replaces tokens by
    /// a mask, and a token that has been set stays.
    ///
    /// @param maskToken the id of the mask
    /// @param isShifted whether the logits at a place are those of the next one, as in models that continue the
    ///     training of an autoregressive one
    record Masked(int maskToken, boolean isShifted) implements Diffusion {
        public Masked {
            NumberRange.COUNT.require("mask token", maskToken);
        }
    }

    /// Block diffusion with uniform noise: noise replaces tokens by random ones, and each step decides again which
    /// places of the canvas are accepted. A causal encoder with the same weights reads what stands before the canvas.
    ///
    /// @param canvasLength the tokens of a block
    record Uniform(int canvasLength) implements Diffusion {
        public Uniform {
            NumberRange.SIZE.require("canvas length", canvasLength);
        }
    }

    /// The attention of a canvas: its tokens see one another in both directions, and the keys and values of an encoder
    /// layer with the same weights: all of the prefix, or with a window of W its last W - 1 tokens.
    ///
    /// @param attention the sizes, and the span in the encoder
    /// @param encoder the place of the encoder's attention
    record CanvasAttention(NormedAttention attention, Place encoder) implements Mixer {
        @Override
        public void parameters(Shapes shapes, int hidden) {
            attention.parameters(shapes, hidden);
        }

        @Override
        public List<CacheKind> caches() {
            return List.of();
        }

        @Override
        public String describe() {
            return "canvas: " + attention.describe();
        }
    }

    /// Self-conditioning (https://arxiv.org/abs/2208.04202): `down(f(gate(n)) ⊙ up(n))` with `n = norm(scale · p E)`,
    /// where p `[N, V]` are the probabilities that the model gave in the step before; 0 in the first step.
    ///
    /// @param size the width of gate and up
    /// @param scale the scale of the embedding E
    /// @param eps epsilon of the norm
    record SelfConditioning(int size, Activation activation, float scale, float eps) implements Mixer {
        public SelfConditioning {
            NumberRange.SIZE.require("width of self-conditioning", size);
            NumberRange.FACTOR.require("embedding scale", scale);
            NumberRange.EPSILON.require("epsilon of self-conditioning", eps);
        }

        @Override
        public void parameters(Shapes shapes, int hidden) {
            shapes.add(Role.SUB_NORM, hidden);
            shapes.add(Role.GATE, size, hidden);
            shapes.add(Role.UP, size, hidden);
            shapes.add(Role.DOWN, hidden, size);
        }

        @Override
        public List<CacheKind> caches() {
            return List.of();
        }

        @Override
        public String describe() {
            return "self-conditioning of " + size + ", gated, " + Labels.of(activation);
        }
    }
}
