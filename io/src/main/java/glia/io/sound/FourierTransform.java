package glia.io.sound;

import java.util.ArrayList;
import java.util.List;

/// The power spectrum of real frames, by a fast Fourier transform of mixed radix in F64: the frame is the input of a
/// complex transform of half its size. https://doi.org/10.1090/S0025-5718-1965-0178586-1
final class FourierTransform {
    private final int size;
    private final int half;
    private final int[] factors;
    /// `e^(-2πi k / half)`.
    private final double[] cosines;
    private final double[] sines;
    /// `e^(-2πi k / size)`.
    private final double[] wholeCosines;
    private final double[] wholeSines;

    /// @param size the samples of a frame, even
    FourierTransform(int size) {
        if (size < 2 || size % 2 != 0) {
            throw new IllegalArgumentException("a transform of " + size + " samples, expected an even number");
        }
        this.size = size;
        half = size / 2;
        List<Integer> found = new ArrayList<>();
        int left = half;
        for (int factor = 4; left > 1; factor = factor == 4 ? 2 : factor == 2 ? 3 : factor + 2) {
            for (; left % factor == 0; left /= factor) {
                found.add(factor);
            }
        }
        factors = found.stream().mapToInt(Integer::intValue).toArray();
        cosines = new double[half];
        sines = new double[half];
        wholeCosines = new double[half + 1];
        wholeSines = new double[half + 1];
        for (int k = 0; k <= half; k++) {
            wholeCosines[k] = Math.cos(2 * Math.PI * k / size);
            wholeSines[k] = -Math.sin(2 * Math.PI * k / size);
            if (k < half) {
                cosines[k] = Math.cos(2 * Math.PI * k / half);
                sines[k] = -Math.sin(2 * Math.PI * k / half);
            }
        }
    }

    /// Memory for transforms on one thread.
    final class Memory {
        private final double[] inRe = new double[half];
        private final double[] inIm = new double[half];
        private final double[] re = new double[half];
        private final double[] im = new double[half];
        private final double[] partRe = new double[Math.max(4, half)];
        private final double[] partIm = new double[Math.max(4, half)];

        /// Computes `power[k] = |Σ_n frame[n] e^(-2πi k n / size)|²` for k up to half the size.
        void power(double[] frame, double[] power) {
            for (int i = 0; i < half; i++) {
                inRe[i] = frame[2 * i];
                inIm[i] = frame[2 * i + 1];
            }
            transform(0, 1, 0, half, 0);
            for (int k = 0; k <= half; k++) {
                int a = k == half ? 0 : k;
                int b = k == 0 ? 0 : half - k;
                double evenRe = (re[a] + re[b]) / 2;
                double evenIm = (im[a] - im[b]) / 2;
                double oddRe = (im[a] + im[b]) / 2;
                double oddIm = (re[b] - re[a]) / 2;
                double sumRe = evenRe + oddRe * wholeCosines[k] - oddIm * wholeSines[k];
                double sumIm = evenIm + oddRe * wholeSines[k] + oddIm * wholeCosines[k];
                power[k] = sumRe * sumRe + sumIm * sumIm;
            }
        }

        /// Transforms `count` inputs from `from` on, each `step` after the other, into the outputs from `to` on.
        private void transform(int from, int step, int to, int count, int level) {
            if (count == 1) {
                re[to] = inRe[from];
                im[to] = inIm[from];
                return;
            }
            int radix = factors[level];
            int part = count / radix;
            for (int q = 0; q < radix; q++) {
                transform(from + q * step, step * radix, to + q * part, part, level + 1);
            }
            int turn = half / count;
            for (int k = 0; k < part; k++) {
                for (int q = 0; q < radix; q++) {
                    int at = to + q * part + k;
                    int angle = q * k * turn;
                    partRe[q] = re[at] * cosines[angle] - im[at] * sines[angle];
                    partIm[q] = re[at] * sines[angle] + im[at] * cosines[angle];
                }
                for (int s = 0; s < radix; s++) {
                    double sumRe = partRe[0];
                    double sumIm = partIm[0];
                    for (int q = 1; q < radix; q++) {
                        int angle = s * q % radix * (half / radix);
                        sumRe += partRe[q] * cosines[angle] - partIm[q] * sines[angle];
                        sumIm += partRe[q] * sines[angle] + partIm[q] * cosines[angle];
                    }
                    re[to + s * part + k] = sumRe;
                    im[to + s * part + k] = sumIm;
                }
            }
        }
    }

    /// The number of samples of a frame.
    int size() {
        return size;
    }

    /// The number of frequencies of the spectrum.
    int numBins() {
        return half + 1;
    }
}
