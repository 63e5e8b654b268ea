package glia.model.picture;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import glia.tensor.Tensor;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Processors that cut pictures to patches.
final class PatchedPictures {
    private static final double MAX_ASPECT = 200;

    private PatchedPictures() { }

    /// The size of multiples of a factor that is nearest to a picture's, with an area within limits.
    ///
    /// @param frames of a film, by which limits count, too; 1 for areas alone
    /// @param rounded the same as the limits count them
    static PictureProcessor.PixelSize fitted(PictureProcessor.PixelSize picture, int frames, int rounded, int factor,
            long least, long most) {
        double width = picture.width();
        double height = picture.height();
        if (Math.max(width, height) / Math.min(width, height) > MAX_ASPECT) {
            throw PictureProcessor.tooNarrow(picture);
        }
        int wide = (int) Math.rint(width / factor) * factor;
        int high = (int) Math.rint(height / factor) * factor;
        double area = width * height * frames;
        if ((double) rounded * wide * high > most) {
            double scale = Math.sqrt(area / most);
            wide = Math.max(factor, (int) Math.floor(width / scale / factor) * factor);
            high = Math.max(factor, (int) Math.floor(height / scale / factor) * factor);
        } else if ((double) rounded * wide * high < least) {
            double scale = Math.sqrt(least / area);
            wide = (int) Math.ceil(width * scale / factor) * factor;
            high = (int) Math.ceil(height * scale / factor) * factor;
        }
        return new PictureProcessor.PixelSize(wide, high);
    }

    /// Sides of whole squares of patches, an area within limits: Qwen2-VL and later, GLM-4V, MiniMax-M3.
    static final class Squares extends PictureProcessor {
        /// The steps of time that see each other.
        private static final String SEGMENT = "vision_segment_max_frames";
        private static final String MARKED = "]<]start of image[>[" + PLACE + "]<]end of image[>[";
        private final int time;
        private final int patch;
        private final int merge;
        private final long least;
        private final long most;
        private final boolean countsFrames;
        private final boolean isMarked;
        private final String type;

        Squares(Config config, Config processor, String type) throws CheckpointException {
            super(config, processor, processor.text("image_token", type.startsWith("Glm") ? "<|image|>"
                    : type.startsWith("MiniMax") ? "]<]image[>[" : "<|image_pad|>"));
            time = config.positive("temporal_patch_size", 2);
            patch = config.positive("patch_size", 14);
            merge = config.positive("merge_size", 2);
            countsFrames = type.startsWith("Glm");
            isMarked = type.startsWith("MiniMax");
            this.type = type;
            least = config.has("min_pixels") ? config.positive("min_pixels") : size("size", "shortest_edge");
            most = config.has("max_pixels") ? config.positive("max_pixels") : size("size", "longest_edge");
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            PixelSize given = sizeOf(picture);
            int factor = patch * merge;
            if (countsFrames && Math.min(given.width(), given.height()) < factor) {
                double scale = (double) factor / Math.min(given.width(), given.height());
                given = new PixelSize((int) (given.width() * scale), (int) (given.height() * scale));
            }
            int frames = countsFrames ? time : 1;
            PixelSize size = fitted(given, frames, frames, factor, least, most);
            return patches(List.of(picture.resized(size.width(), size.height(), filter())));
        }

        @Override
        public boolean readsFilms() {
            return true;
        }

        @Override
        public String filmMark() throws CheckpointException {
            return countsFrames ? "<|video|>" : isMarked ? "]<]video[>["
                    : isTimed() ? "<|vision_start|><|video_pad|><|vision_end|>" : "<|video_pad|>";
        }

        private boolean isOfGlm46() throws CheckpointException {
            return film().text("video_processor_type", type).startsWith("Glm46V");
        }

        /// Whether the prompt has the times of frames.
        private boolean isTimed() throws CheckpointException {
            return film().text("video_processor_type", type).startsWith("Qwen3VL");
        }

        @Override
        public PreparedPicture prepareFilm(List<Pixels> frames, List<Double> seconds) throws CheckpointException {
            int count = isTimed() || countsFrames ? frames.size() : 1;
            int rounded = isTimed() ? Math.ceilDiv(frames.size(), time) * time
                    : countsFrames ? Math.max(1, (int) Math.rint((double) frames.size() / time)) * time : 1;
            Config own = isMarked ? ofMiniMax() : film();
            boolean hasPixels = own.has("min_pixels") && own.has("max_pixels");
            Config size = hasPixels ? own : own.child("size");
            PixelSize fitted = fitted(sizeOf(frames.getFirst()), count, rounded, patch * merge,
                    size.positive(hasPixels ? "min_pixels" : "shortest_edge"),
                    size.positive(hasPixels ? "max_pixels" : "longest_edge"));
            List<Pixels> resized = new ArrayList<>();
            for (Pixels frame : frames) {
                resized.add(frame.resized(fitted.width(), fitted.height(), filter()));
            }
            PreparedPicture all = patches(resized);
            return isTimed() || countsFrames || isMarked ? timed(all, seconds) : all;
        }

        /// The settings of films, without a file of them those of the reference rather than those of pictures.
        private Config ofMiniMax() {
            Config own = film().has("video_processor_type") ? film()
                    : film().without("min_pixels").without("max_pixels");
            return own.orElse(Map.of("min_pixels", 3136, "max_pixels", 602_112, SEGMENT, 4));
        }

        /// Each step of time with its mean time before it; MiniMax-M3 has that of the first frame, GLM-4V after it.
        private PreparedPicture timed(PreparedPicture film, List<Double> seconds) throws CheckpointException {
            int steps = film.grid().getFirst();
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < steps; i++) {
                double first = seconds.get(i * time);
                double last = seconds.get(Math.min(i * time + time, seconds.size()) - 1);
                if (isMarked) {
                    text.append("]<]").append(tenth(first)).append(" seconds[>[").append(MARKED);
                    continue;
                }
                if (countsFrames) {
                    text.append("<|begin_of_image|>").append(PLACE).append("<|end_of_image|>").append(isOfGlm46()
                            ? tenth(first) + " seconds" : String.valueOf((int) first));
                    continue;
                }
                text.append('<').append(tenth((first + last) / 2)).append(" seconds><|vision_start|>").append(PLACE)
                        .append("<|vision_end|>");
            }
            return new PreparedPicture(film.pixels(), film.grid(), film.height(), film.width(), text.toString(),
                    Collections.nCopies(steps, film.numPlaceholders() / steps),
                    isMarked ? ofMiniMax().positive(SEGMENT) : 1);
        }

        private static BigDecimal tenth(double seconds) {
            return new BigDecimal(seconds).setScale(1, RoundingMode.HALF_EVEN);
        }

        private PreparedPicture patches(List<Pixels> frames) {
            List<Pixels> all = new ArrayList<>(frames);
            while (all.size() % time != 0) {
                all.add(all.getLast());
            }
            return PreparedPicture.ofPatches(values.squares(all, time, patch, merge), all.size() / time,
                    all.getFirst().height() / patch, all.getFirst().width() / patch, merge,
                    isMarked ? MARKED : PLACE);
        }
    }

    /// At most some patches in all and along a side, never enlarged, on black up to whole squares of patches.
    static final class Kimi extends PictureProcessor {
        Kimi(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<|media_pad|>"));
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int patch = config.positive("patch_size", 14);
            int merge = config.positive("merge_size", 2);
            int wide = size("size", "max_width") * patch;
            int high = size("size", "max_height") * patch;
            double scale = Math.min(1, Math.sqrt(config.positive("max_patches", 16_384)
                    / (Math.max(1.0, picture.width() / patch) * Math.max(1.0, picture.height() / patch))));
            scale = Math.min(scale, Math.min((double) wide / picture.width(), (double) high / picture.height()));
            int width = Math.min(Math.max(1, (int) (picture.width() * scale)), wide);
            int height = Math.min(Math.max(1, (int) (picture.height() * scale)), high);
            int factor = patch * merge;
            Pixels seen = picture.resized(width, height, filter()).cropped(0, 0, (width + factor - 1) / factor * factor,
                    (height + factor - 1) / factor * factor);
            int rows = seen.height() / patch;
            int columns = seen.width() / patch;
            return PreparedPicture.ofPatches(values.patches(seen, patch, false, rows * columns), 1, rows, columns,
                    merge, PLACE);
        }
    }

    /// The largest size of the picture's aspect with at most some embeddings, each of a square of patches; where there
    /// is no encoder, the square is a patch.
    static final class Gemma4 extends PictureProcessor {
        private static final String MOST = "max_soft_tokens";
        private final int patch;
        private final int pool;

        Gemma4(Config config, Config processor, boolean isUnified) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<|image|>"));
            int side = config.positive("patch_size", 16);
            int across = config.positive("pooling_kernel_size", 3);
            patch = isUnified ? side * across : side;
            pool = isUnified ? 1 : across;
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int most = config.positive(MOST, 280);
            Pixels seen = fitted(picture, most);
            return PreparedPicture.ofPatches(values.patches(seen, patch, true, most * pool * pool), 1,
                    seen.height() / patch, seen.width() / patch, pool, marked());
        }

        private Pixels fitted(Pixels picture, int most) throws CheckpointException {
            int side = patch * pool;
            double scale = Math.sqrt((double) most * side * side / ((double) picture.width() * picture.height()));
            int columns = (int) Math.floor(picture.width() * scale / side);
            int rows = (int) Math.floor(picture.height() * scale / side);
            if (rows == 0) {
                rows = 1;
                columns = Math.min(picture.width() / picture.height(), most);
            } else if (columns == 0) {
                columns = 1;
                rows = Math.min(picture.height() / picture.width(), most);
            }
            return picture.resized(columns * side, rows * side, filter());
        }

        private String marked() throws CheckpointException {
            return token("boi_token", "<|image>") + PLACE + token("eoi_token", "<image|>");
        }

        @Override
        public boolean readsFilms() {
            return true;
        }

        @Override
        public String filmMark() {
            return "<|video|>";
        }

        /// Each frame as a small picture, after its time.
        @Override
        public PreparedPicture prepareFilm(List<Pixels> frames, List<Double> seconds) throws CheckpointException {
            int most = film().has("video_processor_type") ? film().positive(MOST, 70) : 70;
            List<Tensor> patches = new ArrayList<>();
            List<String> texts = new ArrayList<>();
            Pixels seen = frames.getFirst();
            for (int i = 0; i < frames.size(); i++) {
                seen = fitted(frames.get(i), most);
                patches.add(values.patches(seen, patch, true, seen.height() / patch * (seen.width() / patch)));
                int second = seconds.get(i).intValue();
                texts.add(String.format(Locale.ROOT, "%02d:%02d ", second / 60, second % 60) + marked());
            }
            int rows = seen.height() / patch;
            int columns = seen.width() / patch;
            return new PreparedPicture(PixelValues.joined(patches), List.of(frames.size(), rows, columns), rows,
                    columns, String.join(" ", texts),
                    Collections.nCopies(frames.size(), rows / pool * (columns / pool)));
        }
    }
}
