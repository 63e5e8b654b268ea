package glia.model.block;

import glia.model.spec.Embedding;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// What goes into a model for one sequence: token ids, of which some are placeholders of rows, such as those of a
/// picture. A row takes one index of the KV cache, like a token; its positions for rotary embedding are its own.
///
/// @param ids the token ids; placeholders where rows take their place
/// @param embedded the rows, ascending, without overlap
public record Input(int[] ids, List<Embedded> embedded) {
    private static final int[] CONSECUTIVE = {};
    /// In place of the number of a tower.
    private static final int TOKENS = -2;

    public Input {
        embedded = List.copyOf(embedded);
        int end = 0;
        // Without an iterator, which training would make for each of its texts.
        for (int i = 0; i < embedded.size(); i++) {
            Embedded e = embedded.get(i);
            if (e.start < end || e.start + e.rows.count > ids.length) {
                throw new IllegalArgumentException(e.rows.count + " rows at token " + e.start + " of " + ids.length
                        + "; expected places after token " + end);
            }
            end = e.end();
        }
    }

    /// Token ids alone.
    public static Input of(int... ids) {
        return new Input(ids, List.of());
    }

    /// Puts pictures in the places of their placeholders, in order.
    ///
    /// @param ids with as many placeholders as each picture has rows; where rows take consecutive positions, other
    ///     tokens may be between them, such as those that end the lines of a picture
    /// @throws IllegalArgumentException if the placeholders are not those of the pictures
    public static Input of(int[] ids, int placeholder, List<Rows> pictures) {
        return pictures.stream().anyMatch(Rows::areOtherTokens) ? of(filled(ids, placeholder, pictures))
                : new Input(ids, placed(ids, placeholder, pictures));
    }

    /// Tokens of pictures in the places of their placeholders, in order.
    private static int[] filled(int[] ids, int placeholder, List<Rows> pictures) {
        int[] tokens = pictures.stream().flatMapToInt(rows -> Arrays.stream(rows.order)).toArray();
        int[] all = ids.clone();
        int next = 0;
        for (int i = 0; i < all.length; i++) {
            if (all[i] == placeholder) {
                all[i] = next < tokens.length ? tokens[next] : placeholder;
                next++;
            }
        }
        if (next != tokens.length) {
            throw new IllegalArgumentException(pictures.size() + " pictures have " + tokens.length
                    + " tokens, but there are " + next + " placeholders " + placeholder + "; expected one for each");
        }
        return all;
    }

    /// Puts pictures and sounds in the places of their towers' placeholders, those of each tower in order.
    ///
    /// @throws IllegalArgumentException if the placeholders are not those of the pictures and sounds
    public static Input of(int[] ids, List<Tower> towers, List<Rows> rows) {
        List<Embedded> all = new ArrayList<>();
        for (int i = 0; i < towers.size(); i++) {
            int number = i;
            all.addAll(placed(ids, towers.get(i).placeholder(), rows.stream().filter(r -> r.tower == number).toList()));
        }
        all.sort(Comparator.comparingInt(Embedded::start));
        return new Input(ids, all);
    }

    private static List<Embedded> placed(int[] ids, int placeholder, List<Rows> pictures) {
        List<Embedded> placed = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < pictures.size(); i++) {
            Rows rows = pictures.get(i);
            for (int done = 0; done < rows.count;) {
                at = next(ids, placeholder, at);
                int end = at;
                while (end < ids.length && ids[end] == placeholder && end - at < rows.count - done) {
                    end++;
                }
                int count = end - at;
                boolean isWhole = count == rows.count;
                if (count == 0 || !isWhole && (rows.positions.length > 0 || rows.sight != Tower.Sight.CAUSAL)) {
                    throw new IllegalArgumentException("picture " + i + " has " + rows.count + " rows, but there are "
                            + (done + count) + " placeholders " + placeholder + "; expected one for each row");
                }
                placed.add(new Embedded(at, isWhole ? rows : rows.part(done, count)));
                done += count;
                at = end;
            }
        }
        at = next(ids, placeholder, at);
        if (at < ids.length && !pictures.isEmpty()) {
            throw new IllegalArgumentException("token " + at + " is the placeholder " + placeholder
                    + " of no picture; expected one for each row of the " + pictures.size() + " pictures");
        }
        return placed;
    }

    private static int next(int[] ids, int placeholder, int from) {
        int at = from;
        while (at < ids.length && ids[at] != placeholder) {
            at++;
        }
        return at;
    }

    /// Ids in which each placeholder, as a chat template writes one for a picture, is repeated for each of its rows.
    ///
    /// @throws IllegalArgumentException if there are not as many placeholders as pictures
    public static Input expanded(int[] ids, int placeholder, List<Rows> pictures) {
        IntStream.Builder all = IntStream.builder();
        int found = 0;
        for (int id : ids) {
            int count = id != placeholder ? 1 : found < pictures.size() ? pictures.get(found).count : 0;
            found += id == placeholder ? 1 : 0;
            for (int i = 0; i < count; i++) {
                all.add(id);
            }
        }
        if (found != pictures.size()) {
            throw new IllegalArgumentException(found + " placeholders " + placeholder + " for " + pictures.size()
                    + " pictures; expected one for each");
        }
        return of(all.build().toArray(), placeholder, pictures);
    }

    /// Token ids the first of which see each other in both directions, as the prompt of a prefix language model does.
    ///
    /// @param count of these tokens
    public static Input withPrefix(int[] ids, int count) {
        return count < 2 ? of(ids) : new Input(ids, List.of(new Embedded(0, Rows.mutualTokens(count))));
    }

    /// Features in a row, such as those of a sound, as the source of an encoder or of a tower.
    ///
    /// @param values `[F, K]`, F32
    /// @throws IllegalArgumentException if they do not fit, or are too few
    public static Input of(Embedding.Features features, Tensor values) {
        int count = features.numRows(values.rows());
        if (values.dtype() != DType.F32 || values.cols() != features.size() || count < 1) {
            throw new IllegalArgumentException("features " + values + ", expected F32 with " + features.size()
                    + " columns and at least " + features.fewest() + " rows");
        }
        return new Input(new int[count], List.of(new Embedded(0, new Rows(values, List.of(), CONSECUTIVE, -1, count,
                CONSECUTIVE, 1, count, Tower.Sight.CAUSAL, Rows.hash(values, "features")))));
    }

    /// How far the position for rotary embedding of a token of text is ahead of its index.
    ///
    /// @param index that of the token
    static int shift(List<Embedded> embedded, int index) {
        int shift = 0;
        for (int i = 0; i < embedded.size() && embedded.get(i).end() <= index; i++) {
            shift += embedded.get(i).rows.advance - embedded.get(i).rows.count;
        }
        return shift;
    }

    /// The index up to which two sequences have the same rows: the start of the first that differs.
    public static int common(List<Embedded> a, List<Embedded> b) {
        for (int i = 0; i < Math.max(a.size(), b.size()); i++) {
            int ofA = i < a.size() ? a.get(i).start : Integer.MAX_VALUE;
            int ofB = i < b.size() ? b.get(i).start : Integer.MAX_VALUE;
            if (ofA != ofB || !a.get(i).rows.hash.equals(b.get(i).rows.hash)) {
                return Math.min(ofA, ofB);
            }
        }
        return Integer.MAX_VALUE;
    }

    /// Where a chunk of a prompt may end: not within rows that see each other in both directions.
    ///
    /// @param from the start of the chunk
    /// @param to the wanted end
    /// @return `to`, or the start of such rows if it is after `from`, or else their end
    public static int chunkEnd(List<Embedded> embedded, int from, int to) {
        for (Embedded e : embedded) {
            if (e.rows.sight != Tower.Sight.CAUSAL && e.start < to && to < e.end()) {
                return e.start > from ? e.start : e.end();
            }
        }
        return to;
    }

    /// Rows in a sequence.
    ///
    /// @param start the index of the first
    public record Embedded(int start, Rows rows) {
        /// The index after the last.
        public int end() {
            return start + rows.count;
        }
    }

    /// Rows that take the places of tokens: embeddings, or features of which a tower makes them.
    ///
    /// @param values embeddings `[count, D]`, or the features of a tower, F32
    /// @param grid of features: time, rows, columns; the features are in this order or the one that the tower wants
    /// @param order of the rows of tiles, for the tower; or the tokens that take the places of placeholders
    /// @param tower the index of the tower that makes embeddings of features; -1 for embeddings
    /// @param count the number of tokens that they take
    /// @param positions for rotary embedding, relative to the first, `[count, numAxes]`; empty if consecutive
    /// @param advance the number of positions that they take: the next token has the first position plus this
    /// @param sight what they attend to
    /// @param hash of the content: equal only for equal rows
    /// @param whole the rows of the whole picture, if these are a part of them
    /// @param first the first of these among them
    public record Rows(Tensor values, List<Integer> grid, int[] order, int tower, int count, int[] positions,
            int numAxes, int advance, Tower.Sight sight, String hash, Optional<Rows> whole, int first) {
        /// Rows of a whole picture.
        public Rows(Tensor values, List<Integer> grid, int[] order, int tower, int count, int[] positions,
                int numAxes, int advance, Tower.Sight sight, String hash) {
            this(values, grid, order, tower, count, positions, numAxes, advance, sight, hash, Optional.empty(), 0);
        }

        /// Embeddings `[count, D]` at consecutive positions.
        public static Rows of(Tensor embeddings) {
            return new Rows(embeddings, List.of(), CONSECUTIVE, -1, embeddings.rows(), CONSECUTIVE, 1,
                    embeddings.rows(), Tower.Sight.CAUSAL, hash(embeddings, "embeddings"));
        }

        /// Tokens that stay as they are and see each other in both directions.
        public static Rows mutualTokens(int count) {
            return new Rows(Tensor.allocate(Arena.ofAuto(), DType.F32, 0, 0), List.of(), CONSECUTIVE, TOKENS, count,
                    CONSECUTIVE, 1, count, Tower.Sight.MUTUAL, "tokens " + count);
        }

        /// The tokens of a picture, which take the places of its placeholders.
        public static Rows ofTokens(int... ids) {
            Tensor none = Tensor.allocate(Arena.ofAuto(), DType.F32, 0, 0);
            return new Rows(none, List.of(), ids, TOKENS, ids.length, CONSECUTIVE, 1, ids.length, Tower.Sight.CAUSAL,
                    hash(none, "tokens " + Arrays.toString(ids)));
        }

        private boolean areOtherTokens() {
            return areTokens() && order.length > 0;
        }

        /// Whether they are tokens, with no rows in their place.
        boolean areTokens() {
            return tower == TOKENS;
        }

        /// Features for a tower of a model.
        ///
        /// @param values `[F, K]`
        /// @param grid time, rows, columns, whose product is F
        /// @throws IllegalArgumentException if they do not fit
        public static Rows of(Tower tower, int number, Tensor values, int time, int height, int width) {
            if (values.dtype() != DType.F32 || values.rank() != 2 || values.cols() != tower.featureSize()
                    || values.rows() != time * height * width) {
                throw new IllegalArgumentException("features " + values + " of a grid of " + time + " x " + height
                        + " x " + width + ", expected F32 with " + tower.featureSize() + " columns and a row for each "
                        + "place");
            }
            List<Integer> grid = List.of(time, height, width);
            return new Rows(values, grid, CONSECUTIVE, number, tower.numRows(time, height, width),
                    tower.positions(time, height, width), Tower.NUM_AXES, tower.advance(time, height, width),
                    tower.sight(), hash(values, "tower " + number + grid));
        }

        /// A picture for a tower, cut to patches; where a feature covers several frames of a film, each is the picture.
        ///
        /// @param pixels `[channels, height, width]`, F32, normalized as the model wants it
        /// @throws IllegalArgumentException if the sides are no multiples of the tower's patches
        public static Rows ofPixels(Tower tower, int number, Tensor pixels) {
            long[] shape = pixels.shape();
            Tensor values = patches(tower, pixels.reshape(1, shape[0], shape[1], shape[2]));
            int patch = tower.features().patch();
            return of(tower, number, values, 1, (int) shape[1] / patch, (int) shape[2] / patch);
        }

        /// A picture and its enlarged tiles.
        ///
        /// @param pixels `[tiles, channels, side, side]`; the first is the whole picture
        /// @param height of the picture, in pixels
        /// @throws IllegalArgumentException if the tower takes no tiles, or they are not those of the picture's size
        public static Rows ofTiles(Tower tower, int number, Tensor pixels, int height, int width) {
            Tower.Step.Tiled tiled = tower.projector().stream().filter(Tower.Step.Tiled.class::isInstance)
                    .map(Tower.Step.Tiled.class::cast).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("the model takes no tiles"));
            Tensor values = patches(tower, pixels);
            int[] order = tiled.order(height, width);
            if (Arrays.stream(order).max().orElse(-1) >= values.rows()) {
                throw new IllegalArgumentException("a picture of " + height + " x " + width + " pixels in "
                        + pixels.shape()[0] + " tiles, expected more");
            }
            List<Integer> grid = List.of((int) pixels.shape()[0], tiled.across(), tiled.across());
            return new Rows(values, grid, order, number, order.length, CONSECUTIVE, Tower.NUM_AXES, order.length,
                    tower.sight(), hash(values, "tower " + number + height + "x" + width));
        }

        /// The patches of pictures `[pictures, channels, height, width]` in the tower's order, channel after channel.
        /// As in a convolution, what is left over at the right and at the bottom is not read.
        private static Tensor patches(Tower tower, Tensor pixels) {
            long[] shape = pixels.shape();
            int patch = tower.features().patch();
            int channels = tower.features().channels();
            if (shape.length != 4 || shape[1] != channels || shape[2] < patch || shape[3] < patch) {
                throw new IllegalArgumentException("pixels " + pixels + ", expected " + channels + " channels and "
                        + "sides of at least " + patch);
            }
            int height = (int) shape[2] / patch;
            int width = (int) shape[3] / patch;
            tower.numRows(1, height, width);
            int[] places = tower.featurePositions(1, height, width);
            int size = tower.featureSize();
            Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, shape[0] * height * width, size);
            int step = tower.features().isInterleaved() ? channels : 1;
            for (int line = 0; line < values.size() / patch; line++) {
                int i = line / (size / patch);
                int channel = line / patch % channels;
                long row = (long) places[i % (height * width) * Tower.NUM_AXES + 1] * patch + line % patch;
                long column = (long) places[i % (height * width) * Tower.NUM_AXES + 2] * patch;
                long from = ((i / (height * width) * channels + channel) * shape[2] + row) * shape[3] + column;
                long to = (long) i * size + line % patch * patch * step + channel * (step > 1 ? 1 : patch * patch);
                for (int x = 0; x < patch; x++) {
                    values.set(to + (long) x * step, pixels.get(from + x));
                }
            }
            return values;
        }

        /// The same rows of a film with other positions: `step` of them from a step of time to the next.
        public Rows spaced(double step) {
            int[] places = positions.clone();
            for (int i = 0; i < places.length; i += numAxes) {
                places[i] = (int) (places[i] * step);
            }
            return places.length == 0 ? this : new Rows(values, grid, order, tower, count, places, numAxes,
                    Arrays.stream(places).max().orElse(0) + 1, sight, hash + " " + step, whole, first);
        }

        /// These rows in runs, which other tokens may interrupt.
        ///
        /// @param counts the rows of each run, all of them together
        /// @throws IllegalArgumentException if the rows see each other, or are at places of a grid
        public List<Rows> runs(List<Integer> counts) {
            if (counts.size() == 1) {
                return List.of(this);
            }
            if (positions.length > 0 || sight != Tower.Sight.CAUSAL) {
                throw new IllegalArgumentException("rows that see each other, or of a grid, are one run; expected not "
                        + counts.size());
            }
            List<Rows> runs = new ArrayList<>();
            int from = 0;
            for (int number : counts) {
                runs.add(part(from, number));
                from += number;
            }
            return runs;
        }

        /// Some of these rows, for pictures whose placeholders other tokens interrupt.
        private Rows part(int from, int number) {
            return tower < 0 ? of(values.rows(from, from + number))
                    : new Rows(values, grid, order, tower, number, CONSECUTIVE, numAxes, number, sight,
                            hash + " " + from + "+" + number, Optional.of(this), from);
        }

        /// The embeddings that a tower made of the features of the whole picture.
        public Rows encoded(Tensor embeddings) {
            return new Rows(embeddings.rows() == count ? embeddings : embeddings.rows(first, first + count), grid,
                    order, -1, count, positions, numAxes, advance, sight, hash);
        }

        /// SHA-256 of the values and of what they are.
        private static String hash(Tensor values, String what) {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                digest.update((what + values).getBytes(StandardCharsets.UTF_8));
                digest.update(values.memory().asSlice(0, values.sizeBytes()).asByteBuffer());
                return HexFormat.of().formatHex(digest.digest());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
