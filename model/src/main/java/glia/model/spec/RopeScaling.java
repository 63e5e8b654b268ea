package glia.model.spec;

import glia.tensor.kernel.RelativePositions;
import java.util.List;

/// Scaling of RoPE frequencies for contexts longer than the trained one. `frequencies` are ω_i, from high to low.
///
/// A scaling depends on the context length of the run, never on the current length of a sequence: else cached keys
/// would have other rotations than new ones, and logits would depend on how the prompt was split into passes.
public sealed interface RopeScaling {
    /// The scaled ω.
    ///
    /// @param context the context length of the run
    double[] scale(double[] frequencies, double theta, int context);

    /// Factor of cosines and sines.
    default double attentionFactor() {
        return 1;
    }

    /// The same for a context length, in scalings that have several.
    default double attentionFactor(int context) {
        return attentionFactor();
    }

    /// Other relative positions of queries and keys, at the frequencies of another scaling.
    record Relative(RopeScaling own, RelativePositions positions) implements RopeScaling {
        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            return own.scale(frequencies, theta, context);
        }

        @Override
        public double attentionFactor(int context) {
            return own.attentionFactor(context);
        }
    }

    record None() implements RopeScaling {
        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            return frequencies;
        }
    }

    /// Rotation the other way: -ω of another scaling.
    record Reversed(RopeScaling scaling) implements RopeScaling {
        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            double[] reversed = scaling.scale(frequencies, theta, context).clone();
            for (int i = 0; i < reversed.length; i++) {
                reversed[i] = -reversed[i];
            }
            return reversed;
        }

        @Override
        public double attentionFactor(int context) {
            return scaling.attentionFactor(context);
        }
    }

    /// Position interpolation: ω / factor. https://arxiv.org/abs/2306.15595
    record Linear(double factor) implements RopeScaling {
        public Linear {
            NumberRange.ROPE_FACTOR.require("factor", factor);
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] /= factor;
            }
            return scaled;
        }
    }

    /// Llama 3's: wavelengths λ = 2π/ω above `originalContext / lowFactor` are stretched by `factor`, those below
    /// `originalContext / highFactor` kept, and those between blended. https://arxiv.org/abs/2407.21783
    record Llama3(double factor, double lowFactor, double highFactor, int originalContext) implements RopeScaling {
        public Llama3 {
            NumberRange.ROPE_FACTOR.require("factor", factor);
            NumberRange.ROPE_FACTOR.require("low frequency factor", lowFactor);
            NumberRange.ROPE_FACTOR.require("high frequency factor", highFactor);
            NumberRange.SIZE.require("original context", originalContext);
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                double wavelength = 2 * Math.PI / frequencies[i];
                if (wavelength > originalContext / lowFactor) {
                    scaled[i] /= factor;
                } else if (wavelength >= originalContext / highFactor && highFactor != lowFactor) {
                    double keep = (originalContext / wavelength - lowFactor) / (highFactor - lowFactor);
                    scaled[i] *= (1 - keep) / factor + keep;
                }
            }
            return scaled;
        }
    }

    /// YaRN: high frequencies are kept, low ones divided by `factor`, with a ramp between; cosines and sines get a
    /// factor. https://arxiv.org/abs/2309.00071
    ///
    /// @param betaFast rotations over the original context above which a frequency is kept
    /// @param betaSlow rotations below which it is divided
    /// @param truncate whether the ends of the ramp are rounded outwards to whole pairs
    record Yarn(double factor, int originalContext, double betaFast, double betaSlow, boolean truncate,
            double attentionFactor) implements RopeScaling {
        public Yarn {
            NumberRange.ROPE_FACTOR.require("factor", factor);
            NumberRange.SIZE.require("original context", originalContext);
            NumberRange.ROPE_FACTOR.require("beta fast", betaFast);
            NumberRange.ROPE_FACTOR.require("beta slow", betaSlow);
            NumberRange.FACTOR.require("attention factor", attentionFactor);
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            int size = 2 * frequencies.length;
            double low = pairTurning(betaFast, size, theta);
            double high = pairTurning(betaSlow, size, theta);
            low = Math.max(truncate ? Math.floor(low) : low, 0);
            high = Math.min(truncate ? Math.ceil(high) : high, size - 1);
            if (low == high) {
                high += 0.001;
            }
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                double stretch = Math.clamp((i - low) / (high - low), 0, 1);
                scaled[i] *= stretch / factor + (1 - stretch);
            }
            return scaled;
        }

        /// The usual factor of cosines and sines, `0.1 · scale · ln(factor) + 1`, equation 22.
        public static double sharpening(double factor, double scale) {
            return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
        }

        private double pairTurning(double turns, int size, double theta) {
            return size * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }

    /// Only the first `⌊share · n⌋` of n pairs rotate; the others have frequency 0. Unlike partial RoPE, whose
    /// exponents are those of the rotated part, this keeps the frequencies of the whole head.
    record Proportional(double share, double factor) implements RopeScaling {
        public Proportional {
            NumberRange.FRACTION.require("rotated fraction", share);
            NumberRange.ROPE_FACTOR.require("factor", factor);
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            double[] scaled = new double[frequencies.length];
            int turning = (int) (share * frequencies.length);
            for (int i = 0; i < turning; i++) {
                scaled[i] = frequencies[i] / factor;
            }
            return scaled;
        }
    }

    /// Dynamic NTK: beyond the trained context the base grows with the context length L, so that the lowest frequency
    /// covers it: `theta · (factor · L / trained - (factor - 1))^(d / (d - 2))` for d rotated dimensions.
    /// https://www.reddit.com/r/LocalLLaMA/comments/14mrgpr, https://arxiv.org/abs/2309.00071, appendix A. Transformers
    /// uses the length of each pass as L, which is the same for a full sequence.
    record Dynamic(double factor, int trained) implements RopeScaling {
        public Dynamic {
            NumberRange.ROPE_FACTOR.require("factor", factor);
            NumberRange.SIZE.require("trained context", trained);
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            int size = 2 * frequencies.length;
            if (context <= trained || size == 2) {
                return frequencies;
            }
            double growth = factor * context / trained - (factor - 1);
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= Math.pow(growth, -2.0 * i / (size - 2));
            }
            return scaled;
        }
    }

    /// LongRoPE: ω_i / factor[i] with searched factors, one list up to the original context and one beyond; cosines and
    /// sines get a factor. https://arxiv.org/abs/2402.13753. Transformers chooses the list by the length of each pass,
    /// llama.cpp and Glia by the context length.
    ///
    /// @param factorBeyond the attention factor beyond the original context
    record LongRope(Divisors within, Divisors beyond, int originalContext, double attentionFactor,
            double factorBeyond) implements RopeScaling {
        public LongRope {
            NumberRange.SIZE.require("original context", originalContext);
            NumberRange.FACTOR.require("attention factor", attentionFactor);
            NumberRange.FACTOR.require("attention factor beyond the original context", factorBeyond);
        }

        /// The usual factor of cosines and sines, `√(1 + ln(factor) / ln(original))`.
        public static double attentionFactor(double factor, int original) {
            return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        }

        @Override
        public double attentionFactor(int context) {
            return context > originalContext ? factorBeyond : attentionFactor;
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            return (context > originalContext ? beyond : within).scale(frequencies, theta, context);
        }
    }

    /// ω_i / divisors[i], the form in which GGUF files store Llama 3's scaling (`rope_freqs`).
    record Divisors(List<Float> divisors) implements RopeScaling {
        public Divisors {
            for (float divisor : divisors) {
                NumberRange.ROPE_DIVISOR.require("divisor", divisor);
            }
            divisors = List.copyOf(divisors);
        }

        @Override
        public double[] scale(double[] frequencies, double theta, int context) {
            if (divisors.size() != frequencies.length) {
                throw new IllegalArgumentException(divisors.size() + " divisors for " + frequencies.length
                        + " frequencies");
            }
            double[] scaled = frequencies.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] /= divisors.get(i);
            }
            return scaled;
        }
    }
}
