package glia.model.picture;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Pixels to numbers: `(v - mean / scale) / (std / scale)` in F32, as torchvision's backend of Transformers computes
/// rescaling and normalization in one, or `scale v`, or `v`.
///
/// @param table of each colour and each value
record PixelValues(float[][] table) {
    /// Settings of `preprocessor_config.json`.
    static PixelValues of(Config config) throws CheckpointException {
        boolean scales = config.flag("do_rescale", true);
        boolean normalizes = config.flag("do_normalize", true);
        double factor = scales ? config.real("rescale_factor", 1 / 255.0) : 1;
        double[] mean = normalizes ? colors(config, "image_mean") : new double[3];
        double[] std = normalizes ? colors(config, "image_std") : new double[] {1, 1, 1};
        float[][] table = new float[3][256];
        for (int c = 0; c < 3; c++) {
            float center = (float) mean[c] * (float) (1 / factor);
            float width = (float) std[c] * (float) (1 / factor);
            for (int v = 0; v < 256; v++) {
                table[c][v] = normalizes ? (v - center) / width : v * (float) factor;
            }
        }
        return new PixelValues(table);
    }

    private static double[] colors(Config config, String key) throws CheckpointException {
        double[] values = config.reals(key);
        if (values.length != 3) {
            throw config.error(key, "found " + values.length + " numbers, expected one for each of 3 colours");
        }
        return values;
    }

    /// `(v / 255 - mean) / std` with each result rounded to BF16.
    static PixelValues inBf16(Config config) throws CheckpointException {
        double[] mean = colors(config, "image_mean");
        double[] std = colors(config, "image_std");
        float factor = (float) config.real("rescale_factor", 1 / 255.0);
        float[][] table = new float[3][256];
        for (int c = 0; c < 3; c++) {
            for (int v = 0; v < 256; v++) {
                float scaled = rounded(rounded(v * factor) - rounded((float) mean[c]));
                table[c][v] = rounded(scaled / rounded((float) std[c]));
            }
        }
        return new PixelValues(table);
    }

    /// Pixels of numbers `[3, height, width]`: for each the value whose number is nearest.
    Pixels pixels(Tensor planes) {
        long[] shape = planes.shape();
        if (shape.length != 3 || shape[0] != 3) {
            throw new IllegalArgumentException("pixels " + planes + ", expected three colours");
        }
        int width = (int) shape[2];
        int height = (int) shape[1];
        byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            float[] values = table[i % 3];
            float step = (values[255] - values[0]) / 255;
            float value = (planes.get((long) i % 3 * width * height + i / 3) - values[0]) / step;
            rgb[i] = (byte) Math.round(Math.clamp(value, 0, 255));
        }
        return new Pixels(width, height, rgb);
    }

    private static float rounded(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat(bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000);
    }

    private static Tensor allocate(long... shape) {
        return Tensor.allocate(Arena.ofAuto(), DType.F32, shape);
    }

    private static void set(Tensor tensor, long index, float value) {
        tensor.memory().setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }

    /// Pictures of one size, `[pictures, 3, height, width]`.
    Tensor planes(List<Pixels> pictures) {
        int width = pictures.getFirst().width();
        int height = pictures.getFirst().height();
        Tensor all = allocate(pictures.size(), 3, height, width);
        long at = 0;
        for (Pixels picture : pictures) {
            for (int c = 0; c < 3; c++) {
                for (int i = 0; i < width * height; i++) {
                    set(all, at++, table[c][picture.rgb()[3 * i + c] & 255]);
                }
            }
        }
        return all;
    }

    /// Patches, square by square of `merge` x `merge` of them; inside a patch colour, time, row, column.
    ///
    /// @param frames as many as a multiple of `time`
    Tensor squares(List<Pixels> frames, int time, int patch, int merge) {
        int columns = frames.getFirst().width() / patch;
        int rows = frames.getFirst().height() / patch;
        int across = columns / merge;
        int size = 3 * time * patch * patch;
        Tensor all = allocate((long) frames.size() / time * rows * columns, size);
        long at = 0;
        for (int i = 0; i < all.rows(); i++) {
            int square = i % (rows * columns) / (merge * merge);
            int inside = i % (merge * merge);
            int top = (square / across * merge + inside / merge) * patch;
            int left = (square % across * merge + inside % merge) * patch;
            for (int j = 0; j < size; j++) {
                int c = j / (time * patch * patch);
                Pixels frame = frames.get(i / (rows * columns) * time + j / (patch * patch) % time);
                set(all, at++, table[c][frame.get(left + j % patch, top + j / patch % patch, c)]);
            }
        }
        return all;
    }

    /// Patches one after another.
    static Tensor joined(List<Tensor> parts) {
        Tensor all = allocate(parts.stream().mapToLong(Tensor::rows).sum(), parts.getFirst().cols());
        long at = 0;
        for (Tensor part : parts) {
            MemorySegment.copy(part.memory(), 0, all.memory(), at, part.sizeBytes());
            at += part.sizeBytes();
        }
        return all;
    }

    /// Patches row by row.
    ///
    /// @param colorsLast whether the colours of a pixel follow each other, else each colour is a plane
    /// @param count of patches; those beyond the picture's are zeros
    Tensor patches(Pixels picture, int patch, boolean colorsLast, int count) {
        int columns = picture.width() / patch;
        int size = 3 * patch * patch;
        Tensor all = allocate(count, size);
        for (int i = 0; i < columns * (picture.height() / patch); i++) {
            for (int j = 0; j < size; j++) {
                int c = colorsLast ? j % 3 : j / (patch * patch);
                int inside = colorsLast ? j / 3 : j % (patch * patch);
                set(all, (long) i * size + j, table[c][picture.get(i % columns * patch + inside % patch,
                        i / columns * patch + inside / patch, c)]);
            }
        }
        return all;
    }
}
