package glia.lab.check;

import glia.engine.pass.Engine;
import glia.engine.training.TokenBatch;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.codec.PictureCodec;
import glia.model.codec.PictureTokens;
import glia.model.spec.Embedding;
import glia.model.spec.ModelSpec;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The file `expected.safetensors`: inputs and the results of a reference implementation.
final class Expected implements AutoCloseable {
    static final String GRADIENT_PREFIX = "grad.";
    private static final List<String> SIGNALS = List.of("input_features", "input_values");
    private static final String PIXELS = "pixel_values";
    private static final String GRID = "image_grid_thw";
    private static final String SIZES = "image_sizes";
    private static final String PLACES = "image_position_ids";
    private static final String SOUNDS = "input_features";
    private static final List<String> SOUND_MASKS = List.of("input_features_mask", "feature_attention_mask");
    /// Prefixes of the names of inputs other than tokens.
    private static final List<String> OTHER_INPUTS = List.of("pixel_values", "image_", "video_", "input_features",
            "input_values");

    private final Path file;
    private final SafetensorsCheckpoint tensors;

    Expected(Path file) throws CheckpointException {
        this.file = file;
        this.tensors = SafetensorsCheckpoint.open(file);
    }

    /// @throws CheckpointException if there are inputs that the model does not read
    void requireReadable(Model model) throws CheckpointException {
        ModelSpec spec = model.spec();
        boolean readsPictures = !spec.towers().isEmpty() || PictureCodec.describes(model);
        for (String name : tensors.names()) {
            boolean isRead = name.equals("image_embeds")
                    || readsPictures && List.of(PIXELS, GRID, SIZES, PLACES).contains(name)
                    || spec.towers().size() > 1 && (SOUNDS.equals(name) || SOUND_MASKS.contains(name));
            isRead |= spec.features().isPresent() && SIGNALS.contains(name);
            if (!isRead && OTHER_INPUTS.stream().anyMatch(name::startsWith)) {
                throw new CheckpointException(file, name, "is an image or a sound; Glia runs the text part of this "
                        + "model and expects results for tokens alone");
            }
        }
    }

    /// The inputs of a model: token ids, and pictures in the place of their placeholders where the model has a tower.
    ///
    /// @param name of the token ids
    /// @throws CheckpointException if the pictures do not fit the model
    List<Input> inputs(String name, Engine engine) throws CheckpointException {
        ModelSpec spec = engine.model().spec();
        int[][] ids = ids(name);
        List<Input.Rows> pictures = new ArrayList<>();
        Optional<PictureTokens> tokens = spec.towers().isEmpty() && has(PIXELS) ? PictureTokens.of(engine.model())
                : Optional.empty();
        if (tokens.isPresent()) {
            for (Tensor pixels : pixels(3)) {
                pictures.add(engine.computeWhole(() -> tokens.get().rows(engine.ops(), pixels), rows -> rows));
            }
        }
        if (!spec.towers().isEmpty() && has(PIXELS)) {
            pictures.addAll(pictures(spec));
        }
        if (spec.towers().size() > 1 && has(SOUNDS)) {
            pictures.addAll(sounds(spec.towers().get(1)));
        }
        List<Input> inputs = new ArrayList<>();
        for (int[] one : ids) {
            if (!pictures.isEmpty() && ids.length > 1) {
                throw new CheckpointException(file, PIXELS, "pictures of " + ids.length + " texts, expected one text");
            }
            try {
                inputs.add(pictures.isEmpty() ? Input.of(one) : tokens.isPresent()
                        ? Input.of(one, tokens.get().placeholder(), pictures)
                        : Input.of(one, spec.towers(), pictures));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file, name, e.getMessage(), e);
            }
        }
        return inputs;
    }

    /// The inputs of a prefix language model: tokens of type 1, which are the first, see each other in both directions.
    List<Input> withPrefixes(int[][] ids) throws CheckpointException {
        int[][] types = ids("token_type_ids");
        List<Input> inputs = new ArrayList<>();
        for (int s = 0; s < ids.length; s++) {
            int count = 0;
            while (count < types[s].length && types[s][count] == 1) {
                count++;
            }
            if (Arrays.stream(types[s]).sum() != count) {
                throw new CheckpointException(file, "token_type_ids", "has tokens of type 1 after others in row " + s
                        + ", expected them at the start");
            }
            inputs.add(Input.withPrefix(ids[s], count));
        }
        return inputs;
    }

    /// The sources of an encoder-decoder: tokens, or features of sounds. The latter are the input of a model of sounds.
    List<Input> sources(ModelSpec spec) throws CheckpointException {
        Optional<Embedding.Features> features = spec.features();
        if (features.isEmpty()) {
            return Arrays.stream(ids("input_ids")).map(Input::of).toList();
        }
        String name = has("input_features") ? "input_features" : "input_values";
        Tensor all = reals(name);
        int size = features.get().size();
        // Frames of encoders beside decoders are columns.
        boolean isByFrames = spec.embedding().features().isPresent();
        List<Input> sources = new ArrayList<>();
        for (int i = 0; i < all.shape()[0]; i++) {
            Tensor one = all.view(i * all.sizeBytes() / all.shape()[0], DType.F32, all.size() / all.shape()[0]);
            int frames = Math.toIntExact(one.size() / size);
            Tensor rows = Tensor.allocate(Arena.ofAuto(), DType.F32, frames, size);
            for (int j = 0; j < one.size(); j++) {
                rows.set(isByFrames ? j : (long) j % frames * size + j / frames, one.get(j));
            }
            try {
                sources.add(Input.of(features.get(), rows));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file, name, e.getMessage(), e);
            }
        }
        return sources;
    }

    /// The pictures for the first tower.
    List<Input.Rows> pictures(ModelSpec spec) throws CheckpointException {
        Tower tower = spec.towers().getFirst();
        Tensor pixels = reals(PIXELS);
        List<Input.Rows> pictures = new ArrayList<>();
        try {
            if (has(GRID)) {
                Tensor features = pixels.reshape(pixels.shape()[0], tower.featureSize());
                int at = 0;
                for (int[] grid : ids(GRID)) {
                    int count = grid[0] * grid[1] * grid[2];
                    pictures.add(Input.Rows.of(tower, 0, features.rows(at, at + count), grid[0], grid[1], grid[2]));
                    at += count;
                }
                return pictures;
            }
            if (has(PLACES)) {
                return placed(tower, pixels);
            }
            boolean isTiled = tower.projector().stream().anyMatch(Tower.Step.Tiled.class::isInstance);
            for (Tensor picture : pixels(isTiled ? 4 : 3)) {
                int[] size = has(SIZES) ? ids(SIZES)[pictures.size()] : new int[0];
                pictures.add(isTiled ? Input.Rows.ofTiles(tower, 0, picture, size[0], size[1])
                        : Input.Rows.ofPixels(tower, 0, picture));
            }
            return pictures;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new CheckpointException(file, PIXELS, e.getMessage(), e);
        }
    }

    /// The pixels of each picture, those of one text. Where sizes are given the rest is padding.
    ///
    /// @param rank of a picture
    private List<Tensor> pixels(int rank) throws CheckpointException {
        Tensor pixels = reals(PIXELS);
        long[] all = pixels.shape();
        int first = Math.max(0, all.length - rank);
        long[] shape = Arrays.copyOfRange(all, first, all.length);
        int count = Math.toIntExact(Arrays.stream(all, 0, first).reduce(1, (x, y) -> x * y));
        List<Tensor> pictures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Tensor picture = pixels.view(i * pixels.sizeBytes() / count, DType.F32, shape);
            pictures.add(rank == 3 && has(SIZES) ? cut(picture, ids(SIZES)[i]) : picture);
        }
        return pictures;
    }

    /// Pictures of patches `[pictures, patches, K]` with a column and a row for each, -1 for padding.
    private List<Input.Rows> placed(Tower tower, Tensor patches) throws CheckpointException {
        int[] places = numbers(PLACES);
        int most = (int) patches.shape()[1];
        Tensor all = patches.reshape(patches.shape()[0] * most, tower.featureSize());
        List<Input.Rows> pictures = new ArrayList<>();
        for (int from = 0; from < all.rows(); from += most) {
            int width = 0;
            int height = 0;
            for (int i = from; i < from + most; i++) {
                width = Math.max(width, places[2 * i] + 1);
                height = Math.max(height, places[2 * i + 1] + 1);
            }
            pictures.add(Input.Rows.of(tower, 0, all.rows(from, from + width * height), 1, height, width));
        }
        return pictures;
    }

    /// Sounds `[sounds, frames, K]`, the last frames of which may be padding.
    private List<Input.Rows> sounds(Tower tower) throws CheckpointException {
        boolean isTransposed = has(SOUND_MASKS.getLast());
        Tensor frames = isTransposed ? byFrames(reals(SOUNDS)) : reals(SOUNDS);
        int most = (int) frames.shape()[1];
        Tensor all = frames.reshape(frames.shape()[0] * most, tower.featureSize());
        int[] mask = isTransposed ? numbers(SOUND_MASKS.getLast()) : has(SOUND_MASKS.getFirst())
                ? bytes(SOUND_MASKS.getFirst()) : new int[0];
        List<Input.Rows> sounds = new ArrayList<>();
        for (int from = 0; from < all.rows(); from += most) {
            int count = mask.length == 0 ? most : Arrays.stream(mask, from, from + most).sum();
            sounds.add(Input.Rows.of(tower, 1, all.rows(from, from + count), 1, 1, count));
        }
        return sounds;
    }

    /// Spectrograms `[sounds, frequencies, frames]` as `[sounds, frames, frequencies]`.
    private static Tensor byFrames(Tensor x) {
        long[] shape = x.shape();
        Tensor y = Tensor.allocate(Arena.ofAuto(), DType.F32, shape[0], shape[2], shape[1]);
        for (long i = 0; i < y.size(); i++) {
            long sound = i / (shape[1] * shape[2]);
            y.set(i, x.get((sound * shape[1] + i % shape[1]) * shape[2] + i / shape[1] % shape[2]));
        }
        return y;
    }

    /// The top left corner of a picture `[channels, height, width]`; the rest is padding.
    private static Tensor cut(Tensor picture, int[] size) {
        long[] shape = picture.shape();
        Tensor part = Tensor.allocate(Arena.ofAuto(), DType.F32, shape[0], size[0], size[1]);
        for (long i = 0; i < part.size(); i++) {
            long row = i / size[1];
            part.set(i, picture.get((row / size[0] * shape[1] + row % size[0]) * shape[2] + i % size[1]));
        }
        return part;
    }

    boolean has(String name) {
        return tensors.names().contains(name);
    }

    /// An F32 tensor of this file.
    Tensor reals(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        if (t.dtype() != DType.F32) {
            throw new CheckpointException(file, name, "is " + t.dtype() + ", expected F32");
        }
        return t;
    }

    /// The sizes of a tensor's dimensions.
    long[] shape(String name) throws CheckpointException {
        return tensors.tensor(name).shape();
    }

    /// A matrix of token ids, one array a row.
    int[][] ids(String name) throws CheckpointException {
        return tensors.ids(name);
    }

    /// A list of integers, such as labels.
    int[] numbers(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        if (t.dtype() != DType.I64) {
            throw new CheckpointException(file, name, "is " + t.dtype() + ", expected I64");
        }
        int[] numbers = new int[Math.toIntExact(t.size())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Math.toIntExact(t.memory().getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i));
        }
        return numbers;
    }

    /// Flags, each 0 or 1.
    int[] bytes(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        int[] bytes = new int[Math.toIntExact(t.size())];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = t.memory().get(ValueLayout.JAVA_BYTE, i);
        }
        return bytes;
    }

    /// A matrix of flags.
    boolean[][] flags(String name) throws CheckpointException {
        Tensor t = tensors.tensor(name);
        if (t.dtype() != DType.BOOL || t.rank() != 2) {
            throw new CheckpointException(file, name, "is " + t + ", expected BOOL of two dimensions");
        }
        boolean[][] flags = new boolean[t.rows()][t.cols()];
        for (int i = 0; i < t.size(); i++) {
            flags[i / t.cols()][i % t.cols()] = t.memory().get(ValueLayout.JAVA_BYTE, i) != 0;
        }
        return flags;
    }

    /// The names of the stored gradients, without their prefix.
    List<String> gradients() {
        List<String> names = new ArrayList<>();
        for (String name : tensors.names()) {
            if (name.startsWith(GRADIENT_PREFIX)) {
                names.add(name.substring(GRADIENT_PREFIX.length()));
            }
        }
        return names;
    }

    @Override
    public void close() {
        tensors.close();
    }

    /// The texts of a loss: with pictures or sounds, each token is predicted from those before.
    ///
    /// @param ids with the tokens of pictures that are tokens
    /// @param labels with the placeholders of such pictures, which the reference predicts
    /// @param inputs the texts with their pictures
    /// @param sources of an encoder-decoder
    static TokenBatch batch(ModelSpec spec, int[][] ids, int[][] labels, List<Input> inputs, List<Input> sources) {
        boolean hasPictures = inputs.stream().anyMatch(input -> !input.embedded().isEmpty());
        boolean hasSounds = sources.stream().anyMatch(source -> !source.embedded().isEmpty());
        boolean hasTokenPictures = !Arrays.deepEquals(ids, labels);
        if (!hasPictures && !hasSounds && !hasTokenPictures) {
            return TokenBatch.ofAll(spec, ids, sources);
        }
        TokenBatch batch = new TokenBatch();
        for (int s = 0; s < ids.length; s++) {
            if (hasTokenPictures) {
                int[] targets = Arrays.copyOf(Arrays.copyOfRange(labels[s], 1, labels[s].length), labels[s].length);
                targets[targets.length - 1] = TokenBatch.NO_TARGET;
                float[] weights = new float[targets.length];
                Arrays.fill(weights, 0, weights.length - 1, 1);
                batch.addTargets(ids[s], targets, weights);
            } else if (hasPictures) {
                batch.add(inputs.get(s));
            } else {
                batch.add(ids[s]).from(sources.get(s));
            }
        }
        return batch;
    }
}
