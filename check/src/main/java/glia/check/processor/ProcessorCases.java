package glia.check.processor;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseGroup;
import glia.check.reference.CaseResult;
import glia.check.reference.CaseTensor;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.json.JsonValues;
import glia.io.picture.Film;
import glia.io.picture.Picture;
import glia.io.picture.Pixels;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.picture.PictureProcessor;
import glia.model.picture.PreparedPicture;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// The processor of a family of pictures: pixel values, sizes, and what stands for a picture in a prompt, from the
/// decoded pictures `decoded.safetensors` of the folder `media` beside it, or from its files where that lacks them.
public final class ProcessorCases implements CaseGroup {
    private static final String MEDIA = "media";
    private static final String DECODED = "decoded.safetensors";
    private static final String PIXELS = "pixel_values";
    /// Decoders of JPEG may differ in rounding.
    private static final int JPEG_LEVELS = 12;

    private ProcessorCases() { }

    /// The group of a folder of the tree; empty if it is none of pictures or sounds.
    public static Optional<CaseGroup> find(Path folder) {
        if (folder.endsWith(MEDIA) && Files.exists(folder.resolve(DECODED))) {
            return Optional.of((all, goldens, kernels, results) -> decode(all, results));
        }
        try {
            Optional<CaseGroup> sounds = SoundCases.find(folder);
            boolean hasPictures = sounds.isEmpty() && Files.exists(folder.resolve(CaseFile.JSON))
                    && PictureProcessor.find(folder).isPresent();
            return hasPictures ? Optional.of(new ProcessorCases()) : sounds;
        } catch (CheckpointException e) {
            return Optional.empty();
        }
    }

    /// Files to pixels. Sixteen bits of gray are skipped: Pillow cuts them off instead of scaling them.
    private static void decode(Path media, Consumer<CaseResult> results) throws IOException {
        try (SafetensorsCheckpoint decoded = SafetensorsCheckpoint.open(media.resolve(DECODED))) {
            for (String name : decoded.names()) {
                Path file = media.resolve(name.replace("#white", ""));
                if (name.startsWith("gray16") || !Files.exists(file)) {
                    continue;
                }
                Picture picture = Picture.read(file);
                Pixels found = name.endsWith("#white") ? picture.pixels() : picture.opaquePixels();
                Pixels expected = pixels(CaseTensor.of(decoded.tensor(name)));
                int largest = found.width() == expected.width() && found.height() == expected.height() ? 0 : 256;
                for (int i = 0; i < expected.rgb().length && largest < 256; i++) {
                    largest = Math.max(largest, Math.abs((found.rgb()[i] & 255) - (expected.rgb()[i] & 255)));
                }
                results.accept(CaseResult.of(name, "pixels, in 256 levels", largest, name.endsWith(".jpg")
                        ? JPEG_LEVELS : 0));
            }
        }
    }

    private static Pixels pixels(CaseTensor rgb) {
        byte[] bytes = new byte[rgb.values().length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) rgb.values()[i];
        }
        return new Pixels(rgb.dim(1), rgb.dim(0), bytes);
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        try (CaseFile file = CaseFile.open(folder)) {
            for (JsonNode node : file.root().path("cases")) {
                if (isKnown(node)) {
                    results.accept(new Case(folder, file, node).result());
                }
            }
        }
    }

    @Override
    public List<String> unknown(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        for (JsonNode node : CaseFile.parse(folder.resolve(CaseFile.JSON)).path("cases")) {
            if (!isKnown(node) && !node.path("id").asString().equals("gray16")) {
                names.add(node.path("id").asString());
            }
        }
        return names;
    }

    private static boolean isKnown(JsonNode node) {
        return (node.path("tensors").has(PIXELS) || isFilm(node))
                && !node.path("id").asString().equals("gray16");
    }

    private static boolean isFilm(JsonNode node) {
        return node.has("video_fps");
    }

    /// A case.
    private static final class Case {
        private final Path folder;
        private final CaseFile file;
        private final JsonNode node;
        private final String id;
        private String quantity = "";
        private double difference;
        private double tolerance = 1;

        Case(Path folder, CaseFile file, JsonNode node) {
            this.folder = folder;
            this.file = file;
            this.node = node;
            this.id = node.path("id").asString();
        }

        CaseResult result() throws IOException {
            try {
                PictureProcessor processor = processor();
                List<PreparedPicture> made = new ArrayList<>();
                if (isFilm(node)) {
                    made.add(film(processor));
                } else {
                    for (String name : files()) {
                        made.add(processor.prepare(picture(name, id.equals("alpha_rgba_object"))));
                    }
                }
                for (int i = 0; i < made.size(); i++) {
                    equal("expansion", node.path("expansion").path(i).asString(), expansion(made.get(i), processor));
                    equal("number of placeholders", node.path(isFilm(node) ? "video_tokens" : "image_tokens").path(i)
                            .asString(), String.valueOf(made.get(i).numPlaceholders()));
                }
                sizes(made);
                numbers(made);
                return CaseResult.of(id, quantity, difference, tolerance);
            } catch (IllegalArgumentException | CheckpointException e) {
                return CaseResult.failed(id, e.getMessage());
            }
        }

        private PictureProcessor processor() throws CheckpointException {
            Config config = Config.read(folder.resolve("preprocessor_config.json"));
            Path tokens = folder.resolve("processor_config.json");
            Config processor = Config.readIfPresent(tokens);
            for (Map.Entry<String, JsonNode> option : node.path("options").properties()) {
                Object value = JsonValues.parse(option.getValue().toString().getBytes());
                if (option.getKey().equals("size")) {
                    config = config.without("min_pixels").without("max_pixels");
                }
                // Pixtral's processor multiplies this by its own setting.
                if (!option.getKey().equals("patch_size")) {
                    config = config.with(option.getKey(), value);
                    processor = processor.with(option.getKey(), value);
                }
            }
            return PictureProcessor.of(config, processor);
        }

        /// A film of the frames that the options want, at the times of their rate.
        private PreparedPicture film(PictureProcessor processor) throws IOException {
            Config settings = Config.read(folder.resolve("video_preprocessor_config.json"));
            double rate = node.path("video_fps").asDouble();
            List<String> names = files();
            int[] indices = node.path("options").path("do_sample_frames").asBoolean()
                    ? new Film.Sampling(node.path("options").path("fps").asDouble(), settings.positive("min_frames"),
                            settings.positive("max_frames")).indices(names.size(), rate)
                    : IntStream.range(0, names.size()).toArray();
            equal("frames", node.path("frames_indices").toString(), Arrays.toString(indices).replace(" ", ""));
            List<Pixels> frames = new ArrayList<>();
            List<Double> seconds = new ArrayList<>();
            for (int index : indices) {
                frames.add(picture(names.get(index), false));
                seconds.add(index / rate);
            }
            return processor.withFilms(settings).prepareFilm(frames, seconds);
        }

        private List<String> files() {
            JsonNode files = node.path("file");
            return files.isArray() ? files.valueStream().map(JsonNode::asString).toList() : List.of(files.asString());
        }

        private Pixels picture(String name, boolean onWhite) throws IOException {
            Path media = folder.resolveSibling(MEDIA);
            if (Files.exists(media.resolve(DECODED))) {
                try (SafetensorsCheckpoint decoded = SafetensorsCheckpoint.open(media.resolve(DECODED))) {
                    String key = onWhite ? name + "#white" : name;
                    if (decoded.names().contains(key)) {
                        return pixels(CaseTensor.of(decoded.tensor(key)));
                    }
                }
            }
            Picture picture = Picture.read(media.resolve(name));
            return onWhite ? picture.pixels() : picture.opaquePixels();
        }

        /// As the reference writes it: `token×count`.
        private String expansion(PreparedPicture made, PictureProcessor processor) throws CheckpointException {
            String placeholder = isFilm(node) ? "<|video_pad|>" : processor.placeholder();
            StringBuilder text = new StringBuilder();
            int run = 0;
            int count = 0;
            for (char c : (made.text() + '\0').toCharArray()) {
                if (c == PreparedPicture.PLACE) {
                    count += made.runs().get(run++);
                } else {
                    text.append(count == 0 ? "" : placeholder + (count == 1 ? "" : "×" + count)).append(c);
                    count = 0;
                }
            }
            return text.substring(0, text.length() - 1);
        }

        private static void equal(String what, String expected, String found) {
            if (!expected.equals(found)) {
                throw new IllegalArgumentException(what + ": found " + found + ", expected " + expected);
            }
        }

        private void sizes(List<PreparedPicture> made) {
            JsonNode tensors = node.path("tensors");
            for (int i = 0; i < made.size(); i++) {
                PreparedPicture one = made.get(i);
                List<Integer> size = List.of(one.height(), one.width());
                for (Map.Entry<String, Object> part : Map.of("image_grid_thw", one.grid(), "video_grid_thw", one.grid(),
                        "image_sizes", size,
                        "num_crops", one.runs().size() - 1, "num_patches", one.runs().size()).entrySet()) {
                    JsonNode expected = tensors.path(part.getKey()).path("values").path(i);
                    if (!expected.isMissingNode()) {
                        equal(part.getKey(), expected.toString(), part.getValue().toString().replace(" ", ""));
                    }
                }
            }
        }

        private void numbers(List<PreparedPicture> made) {
            String quantityName = isFilm(node) ? "pixel_values_videos" : PIXELS;
            JsonNode stored = node.path("tensors").path(quantityName);
            int[] shape = stored.path("shape").valueStream().mapToInt(JsonNode::asInt).toArray();
            double[] values = values(made, shape);
            double[] expected = file.tensor(id + "." + quantityName).values();
            int stride = stored.path("stride").asInt();
            JsonNode limits = node.path("tolerance");
            double limit = limits.path(limits.has("bit_exact_resize") ? "bit_exact_resize"
                    : isFilm(node) ? "from_decoded_pixels" : "other_8bit_resize")
                    .path("max_abs").asDouble();
            double largest = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i] - values[i * stride]));
            }
            compare(quantityName, largest, limit);
            double mean = 0;
            double most = values[0];
            double least = values[0];
            for (double value : values) {
                mean += value / values.length;
                most = Math.max(most, value);
                least = Math.min(least, value);
            }
            double variance = 0;
            for (double value : values) {
                variance += (value - mean) * (value - mean) / values.length;
            }
            compare("mean of the pixel values", Math.abs(mean - stored.path("mean").asDouble()), limit);
            compare("standard deviation of the pixel values", Math.abs(Math.sqrt(variance)
                    - stored.path("std").asDouble()), limit);
            compare("least pixel value", Math.abs(least - stored.path("min").asDouble()), limit);
            compare("largest pixel value", Math.abs(most - stored.path("max").asDouble()), limit);
        }

        private void compare(String what, double found, double limit) {
            if (quantity.isEmpty() || !(found / limit <= difference / tolerance)) {
                quantity = what;
                difference = found;
                tolerance = limit;
            }
        }

        /// The pictures in one tensor, with zeros after the tiles and beside the pixels of the smaller ones.
        private static double[] values(List<PreparedPicture> made, int[] shape) {
            double[] all = new double[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
            int at = 0;
            for (PreparedPicture one : made) {
                float[] own = one.pixels().toArray();
                long[] size = one.pixels().shape();
                boolean isPadded = size.length == 4 && shape.length == 4 && (size[2] != shape[2] || size[3] != shape[3])
                        && size[1] == shape[1];
                for (int i = 0; i < own.length; i++) {
                    int place = i;
                    if (isPadded) {
                        int column = (int) (i % size[3]);
                        int row = (int) (i / size[3] % size[2]);
                        place = ((int) (i / size[3] / size[2]) * shape[2] + row) * shape[3] + column;
                    }
                    if (at + place >= all.length) {
                        throw new IllegalArgumentException(PIXELS + ": found " + Arrays.toString(size)
                                + ", expected " + Arrays.toString(shape));
                    }
                    all[at + place] = own[i];
                }
                at += isPadded ? (int) size[0] * shape[1] * shape[2] * shape[3]
                        : shape.length == 5 && shape[0] == made.size() ? all.length / shape[0] : own.length;
            }
            if (at != all.length) {
                throw new IllegalArgumentException(PIXELS + ": found " + at + " numbers, expected "
                        + Arrays.toString(shape));
            }
            return all;
        }
    }
}
