package glia.io.picture;

/// Filters that resize pictures of 8 bits as torchvision does on a CPU, bit by bit: antialiased (the filter widens when
/// the picture shrinks), first along the width, rounded to 8 bits between the passes, with integer weights.
///
/// An output sample i of n_out from n_in has its centre at `c = (i + 1/2) s` with `s = n_in / n_out`, and the weights
/// `f((j + 1/2 - c) / max(s, 1))` over their sum. They are rounded to multiples of 2^-p, with the largest p for which
/// the largest weight of an axis stays below 2^15.
public enum Resize {
    /// `1 - |x|`.
    BILINEAR(1) {
        @Override
        double at(double x) {
            return Math.max(0, 1 - x);
        }
    },
    /// The cubic convolution with a = -1/2 (Keys, 1981).
    BICUBIC(2) {
        @Override
        double at(double x) {
            if (x < 1) {
                return ((A + 2) * x - (A + 3)) * x * x + 1;
            }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
        }
    },
    /// `sinc(x) sinc(x / 3)`.
    LANCZOS(3) {
        @Override
        double at(double x) {
            return x < 3 ? sinc(x) * sinc(x / 3) : 0;
        }
    };

    private static final double A = -0.5;
    private static final int MAX_PRECISION = 22;

    private final double support;

    Resize(double support) {
        this.support = support;
    }

    /// The filter of a number in `preprocessor_config.json`, as Pillow counts: 1 Lanczos, 2 bilinear, 3 bicubic.
    ///
    /// @throws IllegalArgumentException for others
    public static Resize of(int resample) {
        return switch (resample) {
            case 1 -> LANCZOS;
            case 2 -> BILINEAR;
            case 3 -> BICUBIC;
            default -> throw new IllegalArgumentException("found " + resample
                    + ", expected 1 (Lanczos), 2 (bilinear) or 3 (bicubic)");
        };
    }

    /// @param x 0 or more
    abstract double at(double x);

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
    }

    /// The weights of an axis.
    ///
    /// @param starts the first input of each output
    private record Axis(int[] starts, int[][] weights, int precision) {
        /// @param from of the input, which is less than the input's size
        int weighted(byte[] input, int at, int stride, int output) {
            int[] own = weights[output];
            int sum = 1 << precision - 1;
            int from = at + starts[output] * stride;
            for (int j = 0; j < own.length; j++) {
                sum += own[j] * (input[from + j * stride] & 255);
            }
            return Math.clamp(sum >> precision, 0, 255);
        }
    }

    private Axis axis(int from, int to) {
        double scale = (double) from / to;
        double reach = scale >= 1 ? support * scale : support;
        double inverse = scale >= 1 ? 1 / scale : 1;
        int[] starts = new int[to];
        double[][] all = new double[to][];
        double largest = 0;
        for (int i = 0; i < to; i++) {
            double center = scale * (i + 0.5);
            starts[i] = Math.max((int) (center - reach + 0.5), 0);
            double[] own = new double[Math.min((int) (center + reach + 0.5), from) - starts[i]];
            double sum = 0;
            for (int j = 0; j < own.length; j++) {
                own[j] = at(Math.abs((j + starts[i] - center + 0.5) * inverse));
                sum += own[j];
            }
            for (int j = 0; j < own.length; j++) {
                own[j] = sum == 0 ? own[j] : own[j] / sum;
                largest = Math.max(largest, own[j]);
            }
            all[i] = own;
        }
        int precision = 0;
        while (precision < MAX_PRECISION && (int) (0.5 + largest * (1 << precision + 1)) < 1 << 15) {
            precision++;
        }
        int[][] weights = new int[to][];
        for (int i = 0; i < to; i++) {
            weights[i] = new int[all[i].length];
            for (int j = 0; j < all[i].length; j++) {
                weights[i][j] = (int) (all[i][j] * (1 << precision) + (all[i][j] >= 0 ? 0.5 : -0.5));
            }
        }
        return new Axis(starts, weights, precision);
    }

    Pixels of(Pixels picture, int width, int height) {
        byte[] rgb = picture.rgb();
        int high = picture.height();
        if (width != picture.width()) {
            Axis axis = axis(picture.width(), width);
            byte[] wide = new byte[Math.multiplyExact(3, Math.multiplyExact(width, high))];
            for (int i = 0; i < wide.length; i++) {
                int row = i / 3 / width;
                wide[i] = (byte) axis.weighted(rgb, 3 * row * picture.width() + i % 3, 3, i / 3 % width);
            }
            rgb = wide;
        }
        if (height != high) {
            Axis axis = axis(high, height);
            byte[] whole = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
            for (int i = 0; i < whole.length; i++) {
                whole[i] = (byte) axis.weighted(rgb, i % (3 * width), 3 * width, i / (3 * width));
            }
            rgb = whole;
        }
        return new Pixels(width, height, rgb);
    }
}
