package glia.model.spec;

import glia.tensor.kernel.RopeTable.Layout;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/// Rotary position embedding (RoPE) of queries and keys.
public sealed interface Rope {
    /// None (NoPE, https://arxiv.org/abs/2305.19466).
    record None() implements Rope { }

    /// RoPE of the first `rotatedSize` dimensions of a head (https://arxiv.org/abs/2104.09864), with the frequencies
    /// `theta^(-2i / rotatedSize)` before scaling.
    record Rotary(int rotatedSize, double theta, RopeScaling scaling, Layout layout) implements Rope {
        public Rotary {
            if (rotatedSize < 2 || rotatedSize % 2 != 0) {
                throw new IllegalArgumentException("RoPE rotates pairs of dimensions: found " + rotatedSize
                        + ", expected an even number");
            }
            NumberRange.ROPE_THETA.require("rope theta", theta);
        }

        /// The frequencies `theta^(-2i / rotatedSize)`, scaled.
        ///
        /// @param context the context length of the run
        public double[] frequencies(int context) {
            double[] frequencies = new double[rotatedSize / 2];
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = Math.pow(theta, -2.0 * i / rotatedSize);
            }
            return scaling.scale(frequencies, theta, context);
        }

        /// A copy with another scaling.
        public Rotary with(RopeScaling other) {
            return new Rotary(rotatedSize, theta, other, layout);
        }

        /// A copy with another layout of the pairs.
        public Rotary with(Layout other) {
            return new Rotary(rotatedSize, theta, scaling, other);
        }
    }

    /// RoPE of equal parts of a head, each by the positions on an axis of its own and with pairs of its own.
    ///
    /// @param part the rotation of a part
    record Parts(Rotary part, List<Integer> axes) implements Rope {
        public Parts {
            axes = List.copyOf(axes);
        }

        /// The rotation of part i alone.
        public Axial of(int i) {
            return Axial.grid(part, axes.get(i));
        }
    }

    /// RoPE by positions on several axes, such as time, row and column of a picture: pair i of a head turns by
    /// `position[axes_i] · ω[frequencies_i]`. Tokens of text have equal positions on all axes.
    ///
    /// @param rotary gives the frequencies ω
    record Axial(Rotary rotary, List<Integer> axes, List<Integer> frequencies) implements Rope {
        public Axial {
            axes = List.copyOf(axes);
            frequencies = List.copyOf(frequencies);
            if (axes.size() != frequencies.size() || axes.isEmpty()
                    || frequencies.stream().anyMatch(i -> i < 0 || 2 * i >= rotary.rotatedSize())) {
                throw new IllegalArgumentException("RoPE with axes " + axes + " and frequencies " + frequencies
                        + " of " + rotary.rotatedSize() / 2);
            }
        }

        /// Consecutive pairs by axis (M-RoPE, https://arxiv.org/abs/2409.12191).
        ///
        /// @param sections the number of pairs of time, row, column and so on
        public static Axial sections(Rotary rotary, List<Integer> sections) {
            List<Integer> axes = IntStream.range(0, sections.size()).boxed()
                    .flatMap(i -> Collections.nCopies(sections.get(i), i % 3).stream()).toList();
            if (axes.size() * 2 != rotary.rotatedSize()) {
                throw new IllegalArgumentException("RoPE with sections " + sections + ", expected a sum of "
                        + rotary.rotatedSize() / 2);
            }
            return new Axial(rotary, axes, IntStream.range(0, axes.size()).boxed().toList());
        }

        /// Pairs by time, row and column in turn, with as many rows and columns as sections say and times for all
        /// others (interleaved M-RoPE, https://arxiv.org/abs/2511.21631).
        ///
        /// @param sections the number of pairs of time, row and column
        public static Axial interleaved(Rotary rotary, List<Integer> sections) {
            List<Integer> pairs = IntStream.range(0, rotary.rotatedSize() / 2).boxed().toList();
            return new Axial(rotary, pairs.stream().map(i -> i / 3 < sections.get(i % 3) ? i % 3 : 0).toList(), pairs);
        }

        /// Equal parts of a head for the axes, each with all frequencies.
        public static Axial grid(Rotary rotary, int... axes) {
            int each = rotary.rotatedSize() / 2;
            return new Axial(rotary, IntStream.range(0, axes.length * each).map(i -> axes[i / each]).boxed().toList(),
                    IntStream.range(0, axes.length * each).map(i -> i % each).boxed().toList());
        }
    }
}
