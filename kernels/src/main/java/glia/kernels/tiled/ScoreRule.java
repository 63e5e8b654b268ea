package glia.kernels.tiled;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Scores;

/// Applies `Scores` to `scale · q·k` before the softmax. Shared by all threads; one prepares it before the others read
/// it.
final class ScoreRule {
    private final Tiles tiles;
    private AttentionShape shape;
    private Tensor learned;
    /// For each head the bias of each distance from `-reach` to `reach`; larger distances have those of the ends.
    private float[] biases = new float[0];
    private int reach;

    ScoreRule(Tiles tiles) {
        this.tiles = tiles;
    }

    void begin(AttentionShape shape, Tensor learned) {
        this.shape = shape;
        this.learned = learned;
        if (shape.scores() instanceof Scores.RelativeBias rule) {
            expand(rule);
        }
    }

    private void expand(Scores.RelativeBias rule) {
        int heads = shape.numHeads();
        reach = rule.maxDistance();
        int size = 2 * reach + 1;
        if (biases.length < heads * size) {
            biases = new float[heads * size];
        }
        for (int i = 0; i < size; i++) {
            long row = (long) rule.bucket(i - reach) * heads;
            for (int head = 0; head < heads; head++) {
                biases[head * size + i] = learned.get(row + head);
            }
        }
    }

    private float bias(int head, int distance) {
        return biases[head * (2 * reach + 1) + reach + Math.clamp(distance, -reach, reach)];
    }

    boolean hasSinks() {
        return shape.scores() instanceof Scores.Sinks;
    }

    float sink(int head) {
        return Memory.f32(learned.address() + 4L * head);
    }

    /// Applies the rule to one head's scores of `count` consecutive keys.
    ///
    /// @param distance the first key's position minus the query's
    void applyToRow(long scores, int count, int head, int distance) {
        switch (shape.scores()) {
            case Scores.Plain plain -> { }
            case Scores.Sinks sinks -> { }
            case Scores.Capped capped -> tiles.cap(scores, count, capped.cap());
            case Scores.Alibi alibi -> {
                float slope = alibi.slope(head, shape.numHeads());
                for (int j = 0; j < count; j++) {
                    add(scores + 4L * j, slope * (distance + j));
                }
            }
            case Scores.RelativeBias bucketed -> {
                for (int j = 0; j < count; j++) {
                    add(scores + 4L * j, bias(head, distance + j));
                }
            }
        }
    }

    private static void add(long at, float bias) {
        Memory.f32(at, Memory.f32(at) + bias);
    }

    /// Applies the rule to a panel of scores, a query a column and a key a row.
    ///
    /// @param first the position of the first key
    /// @param positions of the queries
    /// @param heads of the queries
    void applyToPanel(long scores, int count, int first, int[] positions, int[] heads) {
        switch (shape.scores()) {
            case Scores.Plain plain -> { }
            case Scores.Sinks sinks -> { }
            case Scores.Capped capped -> tiles.cap(scores, count * tiles.cols(), capped.cap());
            case Scores.Alibi alibi -> {
                for (int i = 0; i < tiles.cols(); i++) {
                    float slope = alibi.slope(heads[i], shape.numHeads());
                    for (int j = 0; j < count; j++) {
                        add(scores + j * tiles.panelBytes() + 4L * i, slope * (first + j - positions[i]));
                    }
                }
            }
            case Scores.RelativeBias bucketed -> {
                for (int i = 0; i < tiles.cols(); i++) {
                    for (int j = 0; j < count; j++) {
                        add(scores + j * tiles.panelBytes() + 4L * i, bias(heads[i], first + j - positions[i]));
                    }
                }
            }
        }
    }
}
