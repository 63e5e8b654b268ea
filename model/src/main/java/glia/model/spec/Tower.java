package glia.model.spec;

import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A tower: an encoder of pictures or sounds. Its body makes hidden states of features such as patches of pixels, its
/// projector rows of the language model's width, which take the places of tokens.
///
/// @param body a model with bidirectional attention and without a head; its vocabulary is empty, or a single token
///     before the features, such as the class token of ViT (https://arxiv.org/abs/2010.11929)
/// @param projector the steps from hidden states of features to rows
/// @param placeholder the token whose places the rows take
/// @param side side×side features of a grid make one row
/// @param axes the positions of the rows for the language model's rotary embedding
/// @param sight what the rows attend to
/// @param films what the frames of a film are to each other
/// @param taps projectors of inner layers, whose rows are added to the language model's stream
/// @param chunks how a sound is cut, if it is
public record Tower(ModelSpec body, List<Step> projector, int placeholder, int side, Axes axes, Sight sight,
        Films films, List<Tap> taps, Optional<Chunks> chunks) {
    /// Axes of a grid: time, row, column.
    public static final int NUM_AXES = 3;

    /// Positions of rows.
    public enum Axes {
        /// Consecutive, like text.
        TEXT,
        /// Time, row and column of the grid, counted from the position after the text
        /// (M-RoPE, https://arxiv.org/abs/2409.12191).
        GRID
    }

    /// The frames of a film, after those that one feature covers.
    public enum Films {
        /// Each sees itself alone.
        APART,
        /// They see each other.
        TOGETHER,
        /// There are pictures only.
        NONE
    }

    /// The projector of the states after an inner layer. Its rows are added to the places of the picture after a layer
    /// of the language model: those of the first tapped layer after layer 0, and so on (DeepStack,
    /// https://arxiv.org/abs/2406.04334).
    ///
    /// @param layer of the body, from 0 on
    public record Tap(int layer, List<Step> projector) {
        public Tap {
            projector = List.copyOf(projector);
        }
    }

    /// The chunks of a sound, whose stages are computed apart.
    ///
    /// @param frames of a chunk; the last one may be shorter
    /// @param together chunks that attend to each other
    /// @param padded whether zeros fill the last chunk, if it is not the only one
    public record Chunks(int frames, int together, boolean padded) {
        public Chunks {
            NumberRange.SIZE.require("frames of a chunk", frames);
            NumberRange.SIZE.require("chunks of a window", together);
        }
    }

    /// What rows attend to.
    public enum Sight {
        /// Earlier rows and tokens, like text.
        CAUSAL,
        /// All rows of their picture besides.
        MUTUAL,
        /// All rows of their picture besides, in layers with sliding-window attention.
        MUTUAL_IN_WINDOWS
    }

    /// A step of a projector.
    public sealed interface Step {
        /// A norm.
        record Normed(Norm norm) implements Step { }

        /// The features of each square of `side` × `side` of the grid side by side: `[N, D]` to `[N/side², side²·D]`
        /// (pixel unshuffle, https://arxiv.org/abs/1609.05158).
        ///
        /// @param raster whether the features are row by row, not square by square
        /// @param byChannel whether a row has the squares of channel after channel, as a convolution sees them
        record Folded(int side, boolean raster, boolean byChannel) implements Step {
            /// Feature after feature.
            public Folded(int side, boolean raster) {
                this(side, raster, false);
            }
        }

        /// A gated MLP.
        record Gated(Mixer.GatedMlp mlp) implements Step { }

        /// The mean of each square of the grid, whose features are row by row.
        record Pooled(int side) implements Step { }

        /// The mean of each `count` rows one after another; those that are left over are left out.
        record Averaged(int count) implements Step { }

        /// A fixed factor.
        record Scaled(float factor) implements Step { }

        /// A linear map.
        record Linear(int outputs, boolean biased) implements Step { }

        /// The rows of a picture and of its enlarged tiles in the order of LLaVA-NeXT
        /// (https://llava-vl.github.io/blog/2024-01-30-llava-next): those of the whole picture, then line by line those
        /// of the tiles without their padding, each line with a learned row at its end.
        ///
        /// @param imageSize the side of a tile, in pixels
        /// @param across rows along the side of a tile
        /// @param heights the heights of the resolutions, in pixels
        record Tiled(int imageSize, int across, List<Integer> heights, List<Integer> widths) implements Step {
            /// The row of each place, tile by tile; -1 for the end of a line.
            ///
            /// @param height of the picture, in pixels
            public int[] order(int height, int width) {
                int best = best(height, width);
                int high = heights.get(best) / imageSize * across;
                int wide = widths.get(best) / imageSize * across;
                int top = 0;
                int left = 0;
                if ((double) width / height > (double) wide / high) {
                    top = (high - (int) rounded((double) height * wide / width)) / 2;
                } else {
                    left = (wide - (int) rounded((double) width * high / height)) / 2;
                }
                IntStream.Builder order = IntStream.builder();
                IntStream.range(0, across * across).forEach(order::add);
                for (int row = top; row < high - top; row++) {
                    for (int column = left; column < wide - left; column++) {
                        int tile = 1 + row / across * (wide / across) + column / across;
                        order.add((tile * across + row % across) * across + column % across);
                    }
                    order.add(-1);
                }
                return order.build().toArray();
            }

            private static double rounded(double x) {
                return Math.rint(x * 1e7) / 1e7;
            }

            /// The resolution that keeps most of a picture's pixels, of those the one with the least padding.
            public int best(int height, int width) {
                int best = 0;
                long mostKept = -1;
                long leastWasted = 0;
                for (int i = 0; i < heights.size(); i++) {
                    double scale = Math.min((double) widths.get(i) / width, (double) heights.get(i) / height);
                    long kept = Math.min((long) (width * scale) * (long) (height * scale), (long) width * height);
                    long wasted = (long) heights.get(i) * widths.get(i) - kept;
                    if (kept > mostKept || kept == mostKept && wasted < leastWasted) {
                        best = i;
                        mostKept = kept;
                        leastWasted = wasted;
                    }
                }
                return best;
            }
        }

        /// The states after some layers side by side, `[N, D]` to `[N, L·D]` for L layers, as the first step.
        record Beside(List<Integer> layers) implements Step { }

        /// The state of the token before the features in the place of theirs, as the first step.
        record ClassToken() implements Step { }

        /// One row for all features: a learned row p attends to them, `y = attention(p, x)`, then `y + mlp(norm(y))`
        /// (the head of SigLIP, https://arxiv.org/abs/2303.15343).
        record Attended(CrossAttention attention, Norm norm, Mixer.Mlp mlp) implements Step { }

        /// Rows of length 1, compared with texts t of length 1: the logit of a pair is `exp(s) · ⟨t, row⟩ + b`
        /// (https://arxiv.org/abs/2103.00020). As the last step.
        ///
        /// @param end the token of a text whose first place has the text's embedding; `LAST` or `HIGHEST`
        /// @param padding the token that fills texts up to the context length where `end` is `LAST`
        /// @param biased whether there is a b, and each pair is judged alone by a sigmoid
        record Compared(int end, int padding, boolean biased) implements Step {
            /// The last token of a text.
            public static final int LAST = -1;
            /// The token with the highest id.
            public static final int HIGHEST = -2;

            /// The place of a text's embedding; 0 if it lacks the token.
            public int place(int... ids) {
                int wanted = end == HIGHEST ? IntStream.of(ids).max().orElse(0) : end;
                return end == LAST ? ids.length - 1
                        : IntStream.range(0, ids.length).filter(i -> ids[i] == wanted).findFirst().orElse(0);
            }
        }

        /// An activation function.
        record Activated(Activation activation) implements Step { }
    }

    public Tower {
        projector = List.copyOf(projector);
        taps = List.copyOf(taps);
        NumberRange.SIZE.require("features of a row", side);
        NumberRange.COUNT.require("placeholder token", placeholder);
        if (body.embedding().features().isEmpty() || body.vocabSize() > 1) {
            throw new IllegalArgumentException("a tower reads features, found a model with a vocabulary of "
                    + body.vocabSize());
        }
    }

    /// A tower whose frames are apart, without taps.
    public Tower(ModelSpec body, List<Step> projector, int placeholder, int side, Axes axes, Sight sight) {
        this(body, projector, placeholder, side, axes, sight, Films.APART, List.of(), Optional.empty());
    }

    /// A copy with other frames.
    public Tower with(Films other) {
        return new Tower(body, projector, placeholder, side, axes, sight, other, taps, chunks);
    }

    /// A copy with taps.
    public Tower withTaps(List<Tap> others) {
        return new Tower(body, projector, placeholder, side, axes, sight, films, others, chunks);
    }

    /// A copy for sounds that are cut.
    public Tower with(Chunks others) {
        return new Tower(body, projector, placeholder, side, axes, sight, films, taps, Optional.of(others));
    }

    /// The width of a feature, K.
    public int featureSize() {
        return features().size();
    }

    /// The features.
    public Embedding.Features features() {
        return body.embedding().features().orElseThrow();
    }

    /// The number of tokens before the features: 0 or 1.
    public int numLeading() {
        return body.vocabSize();
    }

    /// The number of rows of a grid.
    ///
    /// @throws IllegalArgumentException if the sides of the grid are no multiples
    public int numRows(int time, int height, int width) {
        if (chunks.isPresent()) {
            return ofSound(width);
        }
        if (time > 1 && films == Films.NONE) {
            throw new IllegalArgumentException("a film of " + time + " frames, but the model takes pictures only");
        }
        if (height % side != 0 || width % side != 0) {
            throw new IllegalArgumentException("a grid of " + height + " x " + width + " features, expected multiples "
                    + "of " + side);
        }
        if (!isPooled()) {
            return time * (height / side) * (width / side);
        }
        if (body.embedding().positions() instanceof Positions.Learned p
                && height * width + numLeading() != p.count()) {
            throw new IllegalArgumentException("a picture of " + height + " x " + width + " patches, expected "
                    + (p.count() - numLeading()) + " patches, for which the model has positions");
        }
        return time;
    }

    /// The number of rows of a sound.
    private int ofSound(int frames) {
        Chunks own = chunks.orElseThrow();
        int rows = frames / own.frames * features().numRows(own.frames) + features().numRows(frames % own.frames);
        for (Step step : projector) {
            rows = step instanceof Step.Averaged averaged ? rows / averaged.count : rows;
        }
        if (rows < 1) {
            throw new IllegalArgumentException("a sound of " + frames + " frames is too short");
        }
        return rows;
    }

    /// What it reads and how many tokens that takes, such as "pictures, 1 token for 28 x 28 pixels".
    public String describe() {
        Embedding.Features f = features();
        if (chunks.isPresent()) {
            int rows = ofSound(chunks.get().frames);
            return "sounds, " + rows + (rows == 1 ? " token for " : " tokens for ") + chunks.get().frames + " frames";
        } else if (isPooled()) {
            return "pictures, 1 embedding for each";
        } else if (f.patch() == 1) {
            return "sounds, 1 token for each frame";
        }
        int pixels = side * f.patch();
        return "pictures, 1 token for " + pixels + " x " + pixels + " pixels"
                + (films == Films.NONE || f.frames() == 1 ? "" : ", or for these of " + f.frames() + " frames");
    }

    /// Whether a picture has one row.
    private boolean isPooled() {
        return projector.stream().anyMatch(s -> s instanceof Step.ClassToken || s instanceof Step.Attended);
    }

    /// How rows are compared with texts, if they are.
    public Optional<Step.Compared> compared() {
        return projector.stream().filter(Step.Compared.class::isInstance).map(Step.Compared.class::cast).findFirst();
    }

    /// The positions of the rows of a grid, `[rows, NUM_AXES]`; empty if consecutive.
    public int[] positions(int time, int height, int width) {
        int count = axes == Axes.TEXT ? 0 : numRows(time, height, width);
        int[] positions = new int[count * NUM_AXES];
        int across = width / side;
        int each = height / side * across;
        for (int i = 0; i < count; i++) {
            positions[i * NUM_AXES] = i / each;
            positions[i * NUM_AXES + 1] = i % each / across;
            positions[i * NUM_AXES + 2] = i % across;
        }
        return positions;
    }

    /// The number of positions that the rows of a grid take.
    public int advance(int time, int height, int width) {
        return axes == Axes.TEXT ? numRows(time, height, width)
                : Math.max(time, Math.max(height / side, width / side));
    }

    /// The side of the windows of windowed attention, in features; 0 if there are none.
    public int window() {
        return body.sublayers().stream().map(Sublayer::mixer).filter(Mixer.WindowedAttention.class::isInstance)
                .mapToInt(m -> ((Mixer.WindowedAttention) m).side()).findFirst().orElse(0);
    }

    /// The positions of the features of a grid in the order of the tower's input, time, row and column
    /// `[features, NUM_AXES]`. The features of a square follow each other if the projector expects them so.
    public int[] featurePositions(int time, int height, int width) {
        int block = projector.stream().anyMatch(s -> s instanceof Step.Folded f && !f.raster()) ? side : 1;
        int[] positions = new int[time * height * width * NUM_AXES];
        for (int i = 0; i < positions.length / NUM_AXES; i++) {
            int square = i % (height * width) / (block * block);
            int inside = i % (block * block);
            positions[NUM_AXES * i] = i / (height * width);
            positions[NUM_AXES * i + 1] = square / (width / block) * block + inside / block;
            positions[NUM_AXES * i + 2] = square % (width / block) * block + inside % block;
        }
        return positions;
    }

    /// The projector's steps, then those of the taps. Step i is branch `1 + i` of the place.
    public List<Step> allSteps() {
        return Stream.concat(projector.stream(), taps.stream().flatMap(t -> t.projector().stream())).toList();
    }

    /// Adds the parameters of all steps.
    void projectorParameters(Shapes shapes, int sublayer) {
        List<Step> steps = allSteps();
        long width = 0;
        for (int i = 0, next = 0, tap = 0; i < steps.size(); i++) {
            if (i == next) {
                width = body.hiddenSize();
                next += i == 0 ? projector.size() : taps.get(tap++).projector().size();
            }
            shapes.at(new Place(sublayer, 1 + i));
            switch (steps.get(i)) {
                case Step.Normed normed -> shapes.norm(normed.norm(), Role.FINAL_WEIGHT, Role.FINAL_BIAS, width);
                case Step.Folded folded -> width *= (long) folded.side() * folded.side();
                case Step.Beside beside -> width *= beside.layers().size();
                case Step.Linear linear -> {
                    shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, linear.biased(), linear.outputs(), width);
                    width = linear.outputs();
                }
                case Step.Gated gated -> gated.mlp().parameters(shapes, Math.toIntExact(width));
                case Step.Tiled _ -> shapes.add(Role.NEWLINE, 1, width);
                case Step.Attended attended -> {
                    shapes.add(Role.PROBE, 1, width);
                    attended.attention().parameters(shapes, Math.toIntExact(width));
                    shapes.norm(attended.norm(), Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, width);
                    attended.mlp().parameters(shapes, Math.toIntExact(width));
                }
                case Step.Compared compared -> {
                    shapes.add(Role.LOGIT_SCALE, 1, 1);
                    if (compared.biased()) {
                        shapes.add(Role.LOGIT_BIAS, 1, 1);
                    }
                }
                case Step.Averaged _, Step.Pooled _, Step.Activated _, Step.Scaled _, Step.ClassToken _ -> { }
            }
        }
    }
}
