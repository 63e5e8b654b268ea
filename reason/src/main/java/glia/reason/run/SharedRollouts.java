package glia.reason.run;

import glia.engine.training.Reduction;
import glia.model.block.Input;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutGenerator;
import glia.reason.rollout.TurnSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Rollouts of several ranks, which have the same weights: of n ranks, rank `p mod n` generates the completions of
/// prompt `p`, and all get those of all. On batch-invariant kernels they are those of one rank. Rewards are those that
/// rank 0 gives, so that ranks stay in step whatever a reward depends on.
final class SharedRollouts {
    private SharedRollouts() { }

    /// @throws IllegalArgumentException if several ranks are to have turns of tools or environments
    static List<Rollout> generate(RolloutGenerator generator, List<Input> prompts, int group, long seed,
            TurnSource turns, Reduction ranks) {
        if (ranks.size() == 1) {
            return generator.generate(prompts, group, seed, turns);
        }
        if (turns != TurnSource.NONE || ranks.context().isPresent() || ranks.pipeline().isPresent()
                || ranks.isLocal()) {
            throw new IllegalArgumentException("reinforcement learning divides rollouts by parallel.data alone, "
                    + "without tools and environments; leave the other keys of parallel out");
        }
        List<Rollout> own = generator.generate(prompts, ranks.rank(), ranks.size(), group, seed, turns);
        double[] sent = own.stream().map(SharedRollouts::numbers).flatMapToDouble(Arrays::stream).toArray();
        double[] sizes = ranks.all(sent.length);
        double[] all = ranks.all(Arrays.copyOf(sent, (int) Arrays.stream(sizes).max().orElseThrow()));
        List<Rollout> rollouts = new ArrayList<>();
        int[] at = new int[ranks.size()];
        for (int p = 0; p < prompts.size(); p++) {
            for (int i = 0; i < group; i++) {
                rollouts.add(read(prompts.get(p), all, p % ranks.size(), at));
            }
        }
        return rollouts;
    }

    /// The number of tokens, why it ended, and for each token its id, log-probability and whether it was sampled.
    private static double[] numbers(Rollout rollout) {
        double[] numbers = new double[2 + 3 * rollout.tokens().length];
        numbers[0] = rollout.tokens().length;
        numbers[1] = rollout.finish().ordinal();
        for (int t = 0; t < rollout.tokens().length; t++) {
            numbers[2 + 3 * t] = rollout.tokens()[t];
            numbers[3 + 3 * t] = rollout.logProbs()[t];
            numbers[4 + 3 * t] = rollout.isSampled()[t] ? 1 : 0;
        }
        return numbers;
    }

    /// @param all the first number of each rank, the second of each, …
    /// @param at how many numbers of each rank were read
    private static Rollout read(Input prompt, double[] all, int rank, int[] at) {
        int ranks = at.length;
        int count = (int) all[at[rank]++ * ranks + rank];
        Rollout.Finish finish = Rollout.Finish.values()[(int) all[at[rank]++ * ranks + rank]];
        int[] tokens = new int[count];
        float[] logProbs = new float[count];
        boolean[] isSampled = new boolean[count];
        for (int t = 0; t < count; t++) {
            tokens[t] = (int) all[at[rank]++ * ranks + rank];
            logProbs[t] = (float) all[at[rank]++ * ranks + rank];
            isSampled[t] = all[at[rank]++ * ranks + rank] > 0;
        }
        return new Rollout(prompt, tokens, logProbs, isSampled, finish);
    }

    /// The rollouts with the rewards of rank 0.
    static List<ScoredRollout> scored(List<ScoredRollout> scored, Reduction ranks) {
        if (ranks.size() == 1 || scored.isEmpty()) {
            return scored;
        }
        int width = scored.getFirst().scores().length + 2;
        double[] own = scored.stream().flatMapToDouble(s -> {
            double[] numbers = Arrays.copyOf(s.scores(), width);
            numbers[width - 2] = s.reward();
            numbers[width - 1] = s.isRight() ? 1 : 0;
            return Arrays.stream(numbers);
        }).toArray();
        double[] all = ranks.all(own);
        List<ScoredRollout> agreed = new ArrayList<>();
        for (int i = 0; i < scored.size(); i++) {
            double[] first = new double[width];
            for (int k = 0; k < width; k++) {
                first[k] = all[(i * width + k) * ranks.size()];
            }
            ScoredRollout s = scored.get(i);
            agreed.add(new ScoredRollout(s.group(), s.problem(), s.rollout(), s.text(),
                    Arrays.copyOf(first, width - 2), first[width - 2], first[width - 1] > 0));
        }
        return agreed;
    }
}
