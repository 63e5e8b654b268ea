package glia.model.spec;

import glia.tensor.kernel.Scores.RelativeRows;
import glia.tensor.kernel.Span;
import java.util.List;

/// Bidirectional multi-head attention whose scores add the content's products with embeddings of relative positions:
/// `softmax(scale · (q_i · k_j + q_i · K_r + k_j · Q_r))` for the row r of the distance `i - j`. All layers share one
/// table of positions, of which each makes keys K and queries Q. https://arxiv.org/abs/2006.03654
///
/// @param scale factor of the scores
/// @param rows the rows of the table
/// @param toPosition whether queries meet keys of positions
/// @param fromPosition whether keys meet queries of positions
/// @param sharesProjections whether positions have the projections of the content, instead of their own
/// @param bias of the projections, those of positions too
/// @param tableNorm the norm of the table
/// @param tableOwner the sublayer that holds the table: this one or an earlier one
public record DisentangledAttention(int numHeads, int headSize, float scale, RelativeRows rows, boolean toPosition,
        boolean fromPosition, boolean sharesProjections, Bias bias, Norm tableNorm, int tableOwner) implements Mixer {
    public DisentangledAttention {
        Heads.check(numHeads, numHeads, headSize);
        NumberRange.FACTOR.require("attention scale", scale);
        if (!toPosition && !fromPosition) {
            throw new IllegalArgumentException("disentangled attention without positions");
        }
    }

    public int size() {
        return Math.multiplyExact(numHeads, headSize);
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        if (shapes.place().sublayer() == tableOwner) {
            shapes.add(Role.DISTANCES, 2L * rows.size(), hidden);
            shapes.norm(tableNorm, Role.DISTANCES_NORM_WEIGHT, Role.DISTANCES_NORM_BIAS, hidden);
        }
        shapes.linear(Role.QUERY, Role.QUERY_BIAS, bias.ofInputs(), size(), hidden);
        shapes.linear(Role.KEY, Role.KEY_BIAS, bias.ofKeys(), size(), hidden);
        shapes.linear(Role.VALUE, Role.VALUE_BIAS, bias.ofInputs(), size(), hidden);
        if (!sharesProjections && toPosition) {
            shapes.linear(Role.POSITION_KEY, Role.POSITION_KEY_BIAS, bias.ofKeys(), size(), hidden);
        }
        if (!sharesProjections && fromPosition) {
            shapes.linear(Role.POSITION_QUERY, Role.POSITION_QUERY_BIAS, bias.ofInputs(), size(), hidden);
        }
        shapes.linear(Role.OUTPUT, Role.OUTPUT_BIAS, bias.ofOutput(), hidden, size());
    }

    @Override
    public List<CacheKind> caches() {
        return List.of(new CacheKind.KeyValues(size(), size(), new Span.Bidirectional()));
    }

    @Override
    public String describe() {
        return "disentangled attention, " + numHeads + " heads, size " + headSize + ", " + 2 * rows.size()
                + " relative positions" + (rows.hasBuckets() ? " up to distance " + rows.reach() : "");
    }
}
