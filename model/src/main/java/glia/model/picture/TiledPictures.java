package glia.model.picture;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import glia.io.picture.Resize;
import glia.model.spec.Tower;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// Processors that cut enlarged pictures to tiles, each of the size that the tower reads.
final class TiledPictures {
    private TiledPictures() { }

    /// The tiles of a picture, row by row.
    private static void cut(Pixels picture, int wide, int high, List<Pixels> tiles) {
        for (int y = 0; y < picture.height(); y += high) {
            for (int x = 0; x < picture.width(); x += wide) {
                tiles.add(picture.cropped(x, y, wide, high));
            }
        }
    }

    /// The whole picture, then the tiles of the resolution that suits it best, in whose middle it lies on black.
    static final class LlavaNext extends PictureProcessor {
        private final Tower.Step.Tiled tiled;
        private final int side;

        LlavaNext(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<image>"));
            side = size("crop_size", "height");
            List<Integer> heights = new ArrayList<>();
            List<Integer> widths = new ArrayList<>();
            for (int[] size : config.integerLists("image_grid_pinpoints")) {
                if (size.length != 2 || size[0] < side || size[1] < side) {
                    throw config.error("image_grid_pinpoints", "expected pairs of a height and a width of at least "
                            + side);
                }
                heights.add(size[0]);
                widths.add(size[1]);
            }
            tiled = new Tower.Step.Tiled(side, side / processor.positive("patch_size", 14), heights, widths);
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            Resize filter = filter();
            int best = tiled.best(picture.height(), picture.width());
            int high = tiled.heights().get(best);
            int wide = tiled.widths().get(best);
            PixelSize inner = sizeOf(picture).within(wide, high);
            Pixels canvas = Pixels.filled(wide, high, 0, 0, 0).with(picture.resized(inner.width(), inner.height(),
                    filter), (wide - inner.width()) / 2, (high - inner.height()) / 2);
            List<Pixels> tiles = new ArrayList<>(List.of(picture.resized(side, side, filter)));
            cut(canvas, side, side, tiles);
            return new PreparedPicture(values.planes(tiles), List.of(), picture.height(), picture.width(), PLACE,
                    List.of(tiled.order(picture.height(), picture.width()).length));
        }
    }

    /// The longest side to a size, then both up to multiples of a tile; the whole picture comes last.
    static final class SmolVlm extends PictureProcessor {
        private static final List<String> ONES = List.of("zero", "one", "two", "three", "four", "five", "six", "seven",
                "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
                "eighteen", "nineteen");
        private static final List<String> TENS = List.of("twenty", "thirty", "forty", "fifty", "sixty", "seventy",
                "eighty", "ninety");

        SmolVlm(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<image>"));
        }

        @Override
        public boolean readsFilms() {
            return true;
        }

        @Override
        public String filmMark() {
            return "<video>";
        }

        /// Each frame whole, after its time, as SmolVLM2 was trained.
        @Override
        public PreparedPicture prepareFilm(List<Pixels> frames, List<Double> seconds) throws CheckpointException {
            int side = size("max_image_size", "longest_edge");
            String around = token("fake_token_around_image", token("fake_image_token", "<fake_token_around_image>"));
            int length = seconds.getLast().intValue();
            StringBuilder text = new StringBuilder("You are provided the following series of ")
                    .append(inWords(frames.size())).append(" frames from a ").append(String.format(Locale.ROOT,
                            "%d:%02d:%02d", length / 3600, length / 60 % 60, length % 60))
                    .append(" [H:MM:SS] video.\n");
            List<Pixels> tiles = new ArrayList<>();
            for (int i = 0; i < frames.size(); i++) {
                tiles.add(frames.get(i).resized(side, side, filter()));
                int second = seconds.get(i).intValue();
                text.append(String.format(Locale.ROOT, "\nFrame from %02d:%02d:", second / 60, second % 60))
                        .append(around).append(token("global_image_token", "<global-img>")).append(PLACE)
                        .append(around);
            }
            return new PreparedPicture(values.planes(tiles), List.of(), frames.getFirst().height(),
                    frames.getFirst().width(), text.append("\n\n").toString(),
                    Collections.nCopies(tiles.size(), processor.positive("image_seq_len", 169)));
        }

        /// A number below 1,000 in English.
        static String inWords(int number) {
            if (number >= 100) {
                return ONES.get(number / 100) + " hundred" + (number % 100 == 0 ? "" : " and " + inWords(number % 100));
            }
            return number < ONES.size() ? ONES.get(number)
                    : TENS.get(number / 10 - 2) + (number % 10 == 0 ? "" : "-" + ONES.get(number % 10));
        }

        private static int even(double side) {
            return Math.max(1, (int) side + (int) side % 2);
        }

        private static int up(double side, int multiple) {
            return (int) Math.ceil(side / multiple) * multiple;
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int side = size("max_image_size", "longest_edge");
            Resize filter = filter();
            double aspect = (double) picture.width() / picture.height();
            Pixels seen = picture;
            if (config.flag("do_resize", true)) {
                int longest = Math.min(4096, size("size", "longest_edge"));
                seen = aspect >= 1 ? picture.resized(longest, even(longest / aspect), filter)
                        : picture.resized(even(longest * aspect), longest, filter);
            }
            List<Pixels> tiles = new ArrayList<>();
            StringBuilder text = new StringBuilder();
            String around = token("fake_token_around_image", token("fake_image_token", "<fake_token_around_image>"));
            if (config.flag("do_image_splitting", true)) {
                double own = (double) seen.width() / seen.height();
                int width = own >= 1 ? up(seen.width(), side) : up((int) (up(seen.height(), side) * own), side);
                int height = own >= 1 ? up((int) (width / own), side) : up(seen.height(), side);
                seen = seen.resized(width, height, filter);
                if (width > side || height > side) {
                    cut(seen, side, side, tiles);
                    for (int i = 0; i < tiles.size(); i++) {
                        int row = i / (width / side) + 1;
                        int column = i % (width / side) + 1;
                        text.append(around).append("<row_").append(row).append("_col_").append(column).append('>')
                                .append(PLACE).append(column == width / side ? "\n" : "");
                    }
                    text.append('\n');
                }
            }
            tiles.add(seen.resized(side, side, filter));
            text.append(around).append(token("global_image_token", "<global-img>")).append(PLACE).append(around);
            return new PreparedPicture(values.planes(tiles), List.of(), picture.height(), picture.width(),
                    text.toString(), Collections.nCopies(tiles.size(), processor.positive("image_seq_len", 169)));
        }
    }

    /// The grid of tiles whose aspect is nearest to the picture's; the whole picture comes last.
    static final class InternVl extends PictureProcessor {
        InternVl(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<IMG_CONTEXT>"));
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int high = size("size", "height");
            int wide = size("size", "width");
            List<Pixels> tiles = new ArrayList<>();
            // The processor's own default, whatever the file of its settings says.
            if (processor.flag("crop_to_patches", true)) {
                PixelSize grid = grid(picture, (double) wide * high);
                cut(picture.resized(wide * grid.width(), high * grid.height(), filter()), wide, high, tiles);
            }
            if (tiles.size() != 1) {
                tiles.add(picture.resized(wide, high, filter()));
            }
            return new PreparedPicture(values.planes(tiles), List.of(), picture.height(), picture.width(),
                    token("start_image_token", "<img>") + PLACE.repeat(tiles.size()) + token("end_image_token",
                            "</img>"), Collections.nCopies(tiles.size(), processor.positive("image_seq_length", 256)));
        }

        @Override
        public boolean readsFilms() {
            return true;
        }

        @Override
        public String filmMark() throws CheckpointException {
            return token("video_token", "<video>");
        }

        /// Each frame whole, with its number.
        @Override
        public PreparedPicture prepareFilm(List<Pixels> frames, List<Double> seconds) throws CheckpointException {
            List<Pixels> tiles = new ArrayList<>();
            List<String> lines = new ArrayList<>();
            for (Pixels frame : frames) {
                tiles.add(frame.resized(size("size", "width"), size("size", "height"), filter()));
                lines.add("Frame" + tiles.size() + ": " + token("start_image_token", "<img>") + PLACE
                        + token("end_image_token", "</img>"));
            }
            return new PreparedPicture(values.planes(tiles), List.of(), frames.getFirst().height(),
                    frames.getFirst().width(), String.join("\n", lines), Collections.nCopies(tiles.size(),
                            processor.positive("image_seq_length", 256)));
        }

        private PixelSize grid(Pixels picture, double area) throws CheckpointException {
            int most = config.positive("max_patches", 12);
            double aspect = (double) picture.width() / picture.height();
            double least = Double.POSITIVE_INFINITY;
            PixelSize best = new PixelSize(1, 1);
            for (int count = config.positive("min_patches", 1); count <= most; count++) {
                for (int columns = 1; columns <= count; columns++) {
                    int rows = count / columns;
                    double difference = Math.abs(aspect - (double) columns / rows);
                    boolean isLarge = (double) picture.width() * picture.height() > 0.5 * area * columns * rows;
                    if (rows * columns == count && (difference < least || difference == least && isLarge)) {
                        least = difference;
                        best = new PixelSize(columns, rows);
                    }
                }
            }
            return best;
        }
    }

    /// The canvas of tiles that the picture fills best, from its corner on, on black; the whole picture comes last.
    static final class Llama4 extends PictureProcessor {
        Llama4(Config config, Config processor) throws CheckpointException {
            super(config, processor, "<|image|>");
        }

        @Override
        public String placeholder() {
            return "<|patch|>";
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int side = size("size", "height");
            boolean isLargest = config.flag("resize_to_max_canvas", false);
            PixelSize canvas = canvas(picture, side, isLargest);
            PixelSize target = isLargest ? canvas : new PixelSize(
                    Math.min(Math.max(picture.width(), side), canvas.width()),
                    Math.min(Math.max(picture.height(), side), canvas.height()));
            double scaleX = (double) target.width() / picture.width();
            double scaleY = (double) target.height() / picture.height();
            int width = scaleX < scaleY ? target.width()
                    : Math.min((int) Math.floor(picture.width() * scaleY), target.width());
            int height = scaleX < scaleY ? Math.min((int) Math.floor(picture.height() * scaleX), target.height())
                    : target.height();
            List<Pixels> tiles = new ArrayList<>();
            cut(Pixels.filled(canvas.width(), canvas.height(), 0, 0, 0).with(picture.resized(Math.max(1, width),
                    Math.max(1, height), filter()), 0, 0), side, side, tiles);
            StringBuilder text = new StringBuilder("<|image_start|>");
            if (tiles.size() > 1) {
                for (int i = 1; i <= tiles.size(); i++) {
                    text.append(PLACE).append(i % (canvas.width() / side) == 0 ? "<|tile_y_separator|>"
                            : "<|tile_x_separator|>");
                }
                tiles.add(picture.resized(side, side, filter()));
            }
            text.append("<|image|>").append(PLACE).append("<|image_end|>");
            int across = side / processor.positive("patch_size", 14);
            int each = (int) (across * across / processor.real("downsample_ratio", 4));
            return new PreparedPicture(PixelValues.inBf16(config).planes(tiles), List.of(), canvas.height(),
                    canvas.width(), text.toString(), Collections.nCopies(tiles.size(), each));
        }

        /// Of all canvases the one that needs the least enlargement, or else the least reduction.
        private PixelSize canvas(Pixels picture, int side, boolean isLargest) throws CheckpointException {
            PixelSize best = null;
            float bestScale = 0;
            int most = config.positive("max_patches", 16);
            for (int count = most; count > 0; count--) {
                for (int columns = 1; columns <= count; columns++) {
                    if (count % columns != 0) {
                        continue;
                    }
                    PixelSize canvas = new PixelSize(columns * side, count / columns * side);
                    float scale = Math.min((float) canvas.width() / picture.width(),
                            (float) canvas.height() / picture.height());
                    boolean grows = scale >= 1;
                    boolean isBetter = best == null || (grows != bestScale >= 1 ? grows
                            : grows && !isLargest ? scale < bestScale : scale > bestScale);
                    boolean isSmaller = best != null && scale == bestScale
                            && (long) canvas.width() * canvas.height() < (long) best.width() * best.height();
                    if (isBetter || isSmaller) {
                        best = canvas;
                        bestScale = scale;
                    }
                }
            }
            return best;
        }
    }
}
