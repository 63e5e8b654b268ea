package glia.model.codec;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.Model;
import glia.model.codec.CodecLayers.Grid;
import glia.model.codec.CodecLayers.Layer;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// A vector-quantized autoencoder (VQGAN, https://arxiv.org/abs/2012.09841): an encoder makes a vector of each square
/// of a picture, whose code is the nearest row of a codebook; a decoder makes a picture of codes. It belongs to models
/// that read or generate pictures as tokens. Its structure is that of its tensors.
///
/// Checked against `ChameleonVQVAE`, `Emu3VQVAE` and `JanusVQVAE`. For one thread at a time, as the ops that it is
/// given.
public final class PictureCodec {
    private static final String PREFIX = "vqmodel.";
    private static final List<String> PREFIXES = List.of("model." + PREFIX, PREFIX);
    private static final String CODEBOOK = "quantize.embedding.weight";

    /// The codes of a picture, line by line.
    public record Codes(int height, int width, int[] codes) {
        public Codes {
            if (height < 1 || width < 1 || codes.length != height * width) {
                throw new IllegalArgumentException(codes.length + " codes for " + height + " lines of " + width);
            }
        }
    }

    private final int channels;
    private final int factor;
    private final Layer encoder;
    private final Weight codebook;
    private final double[] squares;
    private final Tensor vectors;
    private final Optional<Layer> decoder;
    /// From vectors of codes to the decoder's input, and to the codes that its norms read.
    private final List<Layer> opening;

    private PictureCodec(Config config, CodecLayers layers) throws CheckpointException {
        boolean overTime = layers.has("quant_conv.conv.weight");
        int heads = config.positive("num_attention_heads", 1);
        Tensor book = layers.tensor(CODEBOOK);
        codebook = new Weight.Stored(book);
        squares = IntStream.range(0, book.rows()).mapToDouble(i -> lengthSquared(book, i)).toArray();
        channels = (int) layers.tensor("encoder.conv_in.weight").dim(1);
        int repeats = overTime ? config.positive("temporal_downsample_factor", 4) : 1;
        List<Layer> all = new ArrayList<>(List.of(layers.convolution("encoder.conv_in")));
        String down = overTime ? "encoder.down_block.down." : "encoder.down.";
        int levels = layers.count(down + "%d.block.0.conv1.weight");
        int halvings = 0;
        for (int level = 0; level < levels; level++) {
            level(layers, down + level, heads, all);
            if (layers.has(down + level + ".downsample.conv.weight")) {
                all.add(layers.halved(down + level + ".downsample.conv"));
                halvings++;
            }
        }
        factor = 1 << halvings;
        middle(layers, "encoder.", heads, all);
        all.addAll(List.of(layers.norm("encoder.norm_out"), CodecLayers.silu(),
                layers.convolution("encoder.conv_out")));
        if (overTime) {
            all.add((ops, x, codes) -> x.repeated(repeats, 1));
        }
        for (int i = 0; i < layers.count("encoder.time_conv.%d.conv.conv.weight"); i++) {
            all.addAll(List.of(layers.overTime("encoder.time_conv." + i + ".conv", 2), CodecLayers.silu()));
        }
        for (int i = 0; i < layers.count("encoder.time_res_stack.%d.conv1.conv.weight"); i++) {
            all.add(layers.residualInTime("encoder.time_res_stack." + i));
        }
        all.add(overTime ? layers.overTime("quant_conv", 1) : layers.convolution("quant_conv"));
        encoder = CodecLayers.chain(all);
        boolean hasUnitCodes = config.text("model_type", "").equals("janus_vqgan");
        vectors = hasUnitCodes ? unit(book) : book;
        decoder = layers.has("decoder.conv_in.weight") ? Optional.of(decoder(layers, overTime, heads))
                : Optional.empty();
        opening = decoder.isEmpty() ? List.of() : opening(layers, overTime);
    }

    private static void level(CodecLayers layers, String name, int heads, List<Layer> all)
            throws CheckpointException {
        for (int i = 0; i < layers.count(name + ".block.%d.conv1.weight"); i++) {
            all.add(layers.residual(name + ".block." + i));
            attention(layers, name + ".attn." + i, name + ".attn_norms." + i, heads, all);
        }
    }

    private static void attention(CodecLayers layers, String name, String norm, int heads, List<Layer> all)
            throws CheckpointException {
        if (layers.has(name + ".q.weight")) {
            all.add(layers.attention(name, name + ".norm", 1));
        } else if (layers.has(name + ".q_proj.weight")) {
            all.add(layers.attention(name, norm, heads));
        }
    }

    private static void middle(CodecLayers layers, String part, int heads, List<Layer> all)
            throws CheckpointException {
        String name = part + (layers.has(part + "middle_block.block_1.conv1.weight") ? "middle_block." : "mid.");
        all.add(layers.residual(name + "block_1"));
        attention(layers, name + "attn_1", name + "attn_norm", heads, all);
        all.add(layers.residual(name + "block_2"));
    }

    private static Layer decoder(CodecLayers layers, boolean overTime, int heads) throws CheckpointException {
        List<Layer> all = new ArrayList<>(List.of(layers.convolution("decoder.conv_in")));
        middle(layers, "decoder.", heads, all);
        String up = overTime ? "decoder.up_block.up." : "decoder.up.";
        int levels = layers.count(up + "%d.block.0.conv1.weight");
        boolean ascending = layers.has(up + "0.upsample.conv.weight");
        for (int i = 0; i < levels; i++) {
            String level = up + (ascending ? i : levels - 1 - i);
            level(layers, level, heads, all);
            if (layers.has(level + ".upsample.conv.weight")) {
                all.add(layers.doubled(level + ".upsample.conv"));
            }
        }
        all.addAll(List.of(layers.norm("decoder.norm_out"), CodecLayers.silu(),
                layers.convolution("decoder.conv_out")));
        return CodecLayers.chain(all);
    }

    private static List<Layer> opening(CodecLayers layers, boolean overTime) throws CheckpointException {
        if (!overTime) {
            return List.of(layers.convolution("post_quant_conv"));
        }
        List<Layer> stack = new ArrayList<>();
        for (int i = 0; i < layers.count("decoder.time_res_stack.%d.conv1.conv.weight"); i++) {
            stack.add(layers.residualInTime("decoder.time_res_stack." + i));
        }
        for (int i = 0; i < layers.count("decoder.time_conv.%d.conv.conv.weight"); i++) {
            stack.add(layers.doubledInTime("decoder.time_conv." + i + ".conv"));
        }
        // A picture is the first frame.
        stack.add((ops, x, codes) -> x.gathered(1, x.height(), x.width(),
                IntStream.range(0, x.height() * x.width()).toArray()));
        List<Layer> mapped = new ArrayList<>(stack);
        mapped.addFirst(layers.overTime("post_quant_conv", 1));
        return List.of(CodecLayers.chain(mapped), CodecLayers.chain(stack));
    }

    /// Whether a model has a codec.
    public static boolean describes(Model model) {
        return prefix(model.tensors().names()).isPresent();
    }

    private static Optional<String> prefix(Set<String> names) {
        return PREFIXES.stream().filter(p -> names.contains(p + CODEBOOK)
                && names.contains(p + "encoder.conv_in.weight")).findFirst();
    }

    /// Reads the codec of a model.
    ///
    /// @throws CheckpointException if it has none, or its tensors are not those of a codec
    public static PictureCodec of(Model model) throws CheckpointException {
        Path path = model.path().orElseThrow();
        String prefix = prefix(model.tensors().names()).orElseThrow(() -> new CheckpointException(path, PREFIX
                + CODEBOOK, "is missing: the model has no codes of pictures"));
        Config config = PictureTokens.config(model).child("vq_config", Map.of());
        try {
            return new PictureCodec(config, new CodecLayers(path, model.tensors(), prefix));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(path, prefix, "is no codec of pictures: " + e.getMessage(), e);
        }
    }

    /// The number of codes.
    public int size() {
        return codebook.rows();
    }

    /// The side of the square of pixels of a code.
    public int factor() {
        return factor;
    }

    /// Whether it makes pictures of codes.
    public boolean decodes() {
        return decoder.isPresent();
    }

    /// The codes of a picture.
    ///
    /// @param pixels `[channels, height, width]`, F32, normalized as the model wants it
    /// @throws IllegalArgumentException if the picture has other channels, or no whole codes
    public Codes encode(Compute ops, Tensor pixels) {
        long[] shape = pixels.shape();
        if (pixels.dtype() != DType.F32 || shape.length != 3 || shape[0] != channels || shape[1] < factor
                || shape[2] < factor || shape[1] % factor != 0 || shape[2] % factor != 0) {
            throw new IllegalArgumentException("pixels " + pixels + ", expected F32 with " + channels
                    + " channels and sides that are multiples of " + factor);
        }
        int places = Math.toIntExact(shape[1] * shape[2]);
        try (Grid picture = Grid.allocate(1, (int) shape[1], (int) shape[2], channels)) {
            for (long i = 0; i < pixels.size(); i++) {
                picture.rows().set(i % places * channels + i / places, pixels.get(i));
            }
            try (Grid found = encoder.of(ops, picture, picture)) {
                // Of the frames that repeat a picture the first has the codes.
                return new Codes(found.height(), found.width(), nearest(ops, found.rows().rows(0,
                        found.height() * found.width())));
            }
        }
    }

    /// `argmin |z - e|²`, the first of equals.
    private int[] nearest(Compute ops, Tensor rows) {
        int[] codes = new int[rows.rows()];
        for (int i = 0; i < codes.length; i++) {
            int mark = ops.mark();
            Tensor products = ops.linear(rows.rows(i, i + 1), codebook);
            double best = Double.POSITIVE_INFINITY;
            for (int code = 0; code < squares.length; code++) {
                double distance = squares[code] - 2 * products.get(code);
                if (distance < best) {
                    best = distance;
                    codes[i] = code;
                }
            }
            ops.release(mark);
        }
        return codes;
    }

    /// A picture of codes: `[channels, height, width]`, from -1 to 1 up to overshoots.
    ///
    /// @throws IllegalArgumentException if a code does not exist, or the model's files have no decoder
    public Tensor decode(Compute ops, Codes codes) {
        Layer pixels = decoder.orElseThrow(() -> new IllegalArgumentException("the model's files have no decoder of "
                + "codes (decoder.conv_in.weight), so it reads pictures and makes none"));
        try (Grid quantized = Grid.allocate(1, codes.height, codes.width, vectors.cols())) {
            for (int i = 0; i < codes.codes.length; i++) {
                int code = codes.codes[i];
                if (code < 0 || code >= size()) {
                    throw new IllegalArgumentException("code " + code + " is outside the codebook of " + size());
                }
                quantized.rows().rows(i, i + 1).copyFrom(vectors.rows(code, code + 1));
            }
            try (Grid mapped = opening.getFirst().of(ops, quantized, quantized);
                    Grid read = opening.getLast().of(ops, quantized, quantized);
                    Grid picture = pixels.of(ops, mapped, read)) {
                Tensor planes = Tensor.allocate(Arena.ofAuto(), DType.F32, picture.channels(), picture.height(),
                        picture.width());
                int places = picture.height() * picture.width();
                for (long i = 0; i < planes.size(); i++) {
                    planes.set(i, picture.rows().get(i % places * picture.channels() + i / places));
                }
                return planes;
            }
        }
    }

    private static double lengthSquared(Tensor rows, int row) {
        double sum = 0;
        for (int c = 0; c < rows.cols(); c++) {
            double value = rows.get((long) row * rows.cols() + c);
            sum += value * value;
        }
        return sum;
    }

    private static Tensor unit(Tensor rows) {
        Tensor all = Tensor.allocate(Arena.ofAuto(), DType.F32, rows.rows(), rows.cols());
        for (int i = 0; i < rows.rows(); i++) {
            double length = Math.max(1e-12, Math.sqrt(lengthSquared(rows, i)));
            for (int c = 0; c < rows.cols(); c++) {
                long at = (long) i * rows.cols() + c;
                all.set(at, (float) (rows.get(at) / length));
            }
        }
        return all;
    }
}
