package glia.model.spec;

import java.util.OptionalInt;

/// Position embeddings of the input.
public sealed interface Positions {
    /// The row of position 0 in a table of learned vectors.
    default int firstRow() {
        return switch (this) {
            case Learned learned -> learned.first();
            case Counted counted -> counted.padding() + 1;
            case None _, Sinusoids _, Grid _, Axes _ -> 0;
        };
    }

    /// None; attention may encode positions.
    record None() implements Positions { }

    /// `[sin(p / s^(i / (n - 1))) | cos(…)]` for i = 0 … n - 1, of position p in its part of the input, such as a chunk
    /// of a sound; added. https://arxiv.org/abs/1706.03762
    ///
    /// @param timescale s
    record Sinusoids(double timescale) implements Positions { }

    /// A learned vector for each of `count` positions, added. https://arxiv.org/abs/1706.03762
    ///
    /// @param first the row of position 0; the rows before it are not used
    record Learned(int count, int first) implements Positions {
        public Learned {
            NumberRange.SIZE.require("number of positions", count);
            NumberRange.COUNT.require("row of the first position", first);
        }

        /// From the first row on.
        public Learned(int count) {
            this(count, 0);
        }
    }

    /// A learned vector for each of `count` positions, counted without padding, added: a token has row `padding + n` if
    /// it is the n-th that is no padding, the padding token row `padding`, as in RoBERTa.
    /// https://arxiv.org/abs/1907.11692
    ///
    /// @param padding the id of the padding token; the rows before it are not used
    record Counted(int count, int padding) implements Positions {
        public Counted {
            NumberRange.SIZE.require("number of positions", count);
            NumberRange.COUNT.require("padding token", padding);
        }
    }

    /// A learned vector for each place of a grid of `height` × `width`, sampled at the places of a picture's own grid
    /// and added to its features: `Σ w_t · P[t]` over the neighbors t of a place.
    ///
    /// @param leading the row of a token before the features: 0, with the grid's rows after it, or height·width; empty
    ///     if there is no such token
    record Grid(int height, int width, Sampling sampling, OptionalInt leading) implements Positions {
        public Grid {
            NumberRange.SIZE.require("height of the grid of positions", height);
            NumberRange.SIZE.require("width of the grid of positions", width);
        }

        /// The number of vectors.
        public int count() {
            return height * width + (leading.isPresent() ? 1 : 0);
        }

        /// The row of the grid's first place.
        public int first() {
            return leading.orElse(1) == 0 ? 1 : 0;
        }
    }

    /// A learned vector for each of `count` columns and one for each of `count` rows of a picture, both added.
    ///
    /// @param alternating whether those of a column and of a row follow each other, not all columns and then all rows
    record Axes(int count, boolean alternating) implements Positions {
        public Axes {
            NumberRange.SIZE.require("number of positions", count);
        }
    }

    /// How a grid of n vectors is sampled at place i of m.
    enum Sampling {
        /// The vector of the cell that holds `i / m`, rounded to F32 as in NaViT (https://arxiv.org/abs/2307.06304).
        NEAREST {
            @Override
            public void weights(int i, int m, float[] weights) {
                int n = weights.length;
                float at = Math.min(i * (1f / m), 1 - 1e-6f);
                int cell = 0;
                while (cell < n - 1 && (float) (1.0 / n + cell * (1.0 / n)) <= at) {
                    cell++;
                }
                weights[cell] = 1;
            }
        },
        /// Linear between the vectors of two places; the corners of the grids are one.
        LINEAR {
            @Override
            public void weights(int i, int m, float[] weights) {
                float at = i * (weights.length - 1f) / Math.max(1, m - 1);
                int low = Math.min(weights.length - 1, (int) at);
                weights[low] += 1 - (at - low);
                weights[Math.min(weights.length - 1, low + 1)] += at - low;
            }
        },
        /// By cubic convolution over four places with a = -0.75 (https://doi.org/10.1109/TASSP.1981.1163711), the
        /// edges of the grids being one; beyond an edge is its vector.
        CUBIC {
            @Override
            public void weights(int i, int m, float[] weights) {
                float at = (i + 0.5f) * weights.length / m - 0.5f;
                int low = (int) Math.floor(at);
                for (int tap = low - 1; tap <= low + 2; tap++) {
                    float d = Math.abs(at - tap);
                    weights[Math.clamp(tap, 0, weights.length - 1)] += d <= 1 ? (1.25f * d - 2.25f) * d * d + 1
                            : ((-0.75f * d + 3.75f) * d - 6) * d + 3;
                }
            }
        };

        /// Adds the weight of each vector.
        public abstract void weights(int i, int m, float[] weights);
    }
}
