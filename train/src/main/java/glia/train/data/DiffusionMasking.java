package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.model.spec.Diffusion;
import glia.tensor.Hash;
import java.util.Arrays;

/// Masks tokens for masked diffusion ([LLaDA](https://arxiv.org/abs/2502.09992)): of the n tokens of a text `l = t n`
/// are masked, with a noise level t of 1/n, 2/n … 1, and each masked token has the weight 1/t. The mean of
///
/// `1/n Σ masked -ln p(token | text with masks) / t`
///
/// over the levels and the places is an upper bound of `-ln p(text) / n`. It is the paper's loss with the masks counted
/// instead of drawn one by one, which has the same mean and less noise. The weights of a text sum to n, so
/// cross-entropy, which is a weighted mean, is this loss. Following rows have levels that are evenly spread (a Weyl
/// sequence). What is masked depends on seed, step and row alone.
///
/// @param kind names the mask; where logits are those of the next place, the first token is given and not counted
public record DiffusionMasking(Diffusion.Masked kind, long seed) implements MaskedWindows.Masking {
    private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;
    private static final double UNIT = 0x1p-53;

    @Override
    public void add(TokenBatch batch, int[] ids, long step, long row) {
        int first = kind.isShifted() ? 1 : 0;
        int count = ids.length - first;
        if (count < 1) {
            throw new IllegalArgumentException("a text of " + ids.length + " tokens has none to mask");
        }
        int masks = 1 + (int) (unit(Hash.of(seed) + (step + row) * GOLDEN_RATIO) * count);
        int[] seen = ids.clone();
        int[] targets = new int[ids.length];
        float[] weights = new float[ids.length];
        Arrays.fill(targets, TokenBatch.NO_TARGET);
        int[] places = new int[count];
        Arrays.setAll(places, i -> first + i);
        for (int i = 0; i < masks; i++) {
            int other = i + (int) (unit(Hash.of(seed, step, row, i)) * (count - i));
            int place = places[other];
            places[other] = places[i];
            targets[place - first] = ids[place];
            weights[place - first] = (float) count / masks;
            seen[place] = kind.maskToken();
        }
        batch.addTargets(seen, targets, weights);
    }

    private static double unit(long bits) {
        return (bits >>> 11) * UNIT;
    }
}
