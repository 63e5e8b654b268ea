package glia.io.sound;

import java.util.Arrays;

/// Triangular filters on the mel scale. Those of Slaney (linear up to 1 kHz, logarithmic above, each of area 1) are
/// what Whisper and NeMo use: https://engineering.purdue.edu/~malcolm/interval/1998-010/AuditoryToolboxTechReport.pdf
public final class MelFilters {
    /// A scale of pitch.
    public enum Scale {
        /// Linear up to 1 kHz, then logarithmic; filters are divided by half their width in Hz.
        SLANEY {
            @Override
            double mel(double hertz) {
                return hertz < 1000 ? 3 * hertz / 200 : 15 + Math.log(hertz / 1000) * 27 / Math.log(6.4);
            }

            @Override
            double hertz(double mel) {
                return mel < 15 ? 200 * mel / 3 : 1000 * Math.exp(Math.log(6.4) / 27 * (mel - 15));
            }
        },
        /// `2595 log10(1 + f / 700)`; filters have the height 1.
        HTK {
            @Override
            double mel(double hertz) {
                return 2595 * Math.log10(1 + hertz / 700);
            }

            @Override
            double hertz(double mel) {
                return 700 * (Math.pow(10, mel / 2595) - 1);
            }
        };

        abstract double mel(double hertz);

        abstract double hertz(double mel);
    }

    private final int[] starts;
    private final double[][] factors;

    /// @param numBins frequencies of the spectrum, from 0 to half the rate
    /// @param highest the upper end of the last filter, in Hz
    public MelFilters(Scale scale, int count, int numBins, int rate, double highest) {
        starts = new int[count];
        factors = new double[count][];
        double[] edges = new double[count + 2];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = scale.hertz(scale.mel(highest) * i / (count + 1));
        }
        for (int m = 0; m < count; m++) {
            double norm = scale == Scale.SLANEY ? 2 / (edges[m + 2] - edges[m]) : 1;
            int first = -1;
            double[] all = new double[numBins];
            int end = 0;
            for (int k = 0; k < numBins; k++) {
                double f = (double) (rate / 2) * k / (numBins - 1);
                double up = (f - edges[m]) / (edges[m + 1] - edges[m]);
                double down = (edges[m + 2] - f) / (edges[m + 2] - edges[m + 1]);
                all[k] = Math.max(0, Math.min(up, down)) * norm;
                if (all[k] > 0) {
                    first = first < 0 ? k : first;
                    end = k + 1;
                }
            }
            starts[m] = Math.max(0, first);
            factors[m] = first < 0 ? new double[0] : Arrays.copyOfRange(all, first, end);
        }
    }

    /// The number of filters.
    public int count() {
        return starts.length;
    }

    /// The factor of a frequency in a filter.
    public double factor(int bin, int filter) {
        int at = bin - starts[filter];
        return at < 0 || at >= factors[filter].length ? 0 : factors[filter][at];
    }

    /// The energy of a spectrum in a filter.
    double energy(double[] spectrum, int filter) {
        double sum = 0;
        double[] own = factors[filter];
        for (int i = 0; i < own.length; i++) {
            sum += own[i] * spectrum[starts[filter] + i];
        }
        return sum;
    }
}
