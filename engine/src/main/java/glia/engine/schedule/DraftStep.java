package glia.engine.schedule;

import glia.engine.draft.AcceptanceRates;
import glia.engine.draft.DraftPolicy;
import glia.engine.draft.DraftTokens;
import glia.engine.draft.Drafting;
import glia.engine.draft.NgramLookup;
import java.util.List;

/// Makes the draft tokens of each pass: looks up n-grams, lets the policy choose how many tokens each sequence drafts,
/// has the runner's model draft, and reports times and accepted tokens to the policy. Where nothing is drafted after a
/// match, the token that it would have drafted is compared with the sampled one: acceptance is known before it costs.
final class DraftStep {
    /// A model drafts in place of a match if its rate is so much higher, since its drafts cost more.
    private static final double MODEL_MARGIN = 0.1;

    private final ModelRunner runner;
    private final Drafting drafting;
    private final int contextLength;
    private final boolean isOn;
    private final NgramLookup lookup = new NgramLookup();
    private final DraftPolicy policy;
    private final AcceptanceRates all = new AcceptanceRates();
    private int numDecoding;
    /// Tokens that the model drafts at most for a sequence of the pass.
    private int modelSteps;
    /// Tokens that the model reads first, besides those of the last pass.
    private int modelReads;
    private boolean isMeasurable;

    DraftStep(ModelRunner runner, Drafting drafting, int contextLength) {
        this.runner = runner;
        this.policy = new DraftPolicy(runner.draftingShare());
        this.drafting = drafting;
        this.contextLength = contextLength;
        this.isOn = (drafting.ngrams() || runner.maxDrafts() > 0) && runner.allowsDrafts();
    }

    /// Chooses the drafts of the decoding sequences of a pass.
    ///
    /// @param room the most draft tokens of all together
    /// @return the number of draft tokens
    int plan(List<ScheduledSequence> decoding, int room) {
        numDecoding = decoding.size();
        modelSteps = 0;
        modelReads = 0;
        if (!isOn || numDecoding == 0) {
            return 0;
        }
        policy.clear();
        for (int i = 0; i < numDecoding; i++) {
            add(decoding.get(i));
        }
        if (drafting.fixed() > 0) {
            policy.choose(room, drafting.fixed());
        } else {
            policy.choose(room);
        }
        int total = 0;
        for (int i = 0; i < numDecoding; i++) {
            total += take(decoding.get(i), policy.count(i));
        }
        all.fade();
        return total;
    }

    private void add(ScheduledSequence s) {
        if (s.rates == null) {
            s.rates = all.ofSequence();
        }
        int limit = Math.clamp(contextLength - s.contextTokens() - 1, 0, DraftTokens.MOST);
        if (s.request.maxTokens() > 0) {
            limit = Math.clamp(s.request.maxTokens() - s.numGenerated() - 1, 0, limit);
        }
        s.match = drafting.ngrams() && limit > 0 ? lookup.find(s.tokens(), s.length()) : 0;
        boolean byModel = runner.maxDrafts() > 0 && (s.match == 0
                || s.rates.rate(AcceptanceRates.OF_MODEL) > s.rates.rate(s.match) + MODEL_MARGIN);
        if (byModel) {
            s.match = AcceptanceRates.OF_MODEL;
            boolean isReadable = drafting.fixed() > 0 || policy.mayRead(runner.unread(s.computed, s.length()));
            limit = isReadable ? Math.min(limit, runner.maxDrafts()) : 0;
        } else if (s.match > 0) {
            lookup.draft(s.tokens(), s.length(), limit, s.drafts);
        } else {
            limit = 0;
        }
        policy.add(s.match, limit, s.rates);
    }

    private int take(ScheduledSequence s, int count) {
        if (s.match == AcceptanceRates.OF_MODEL) {
            s.drafts.want(count);
            modelSteps = Math.max(modelSteps, count);
            modelReads += count == 0 ? 0 : runner.unread(s.computed, s.length());
            if (count == 0) {
                s.rates.fade();
            }
        } else {
            s.predicted = count == 0 && s.drafts.count() > 0 ? s.drafts.id(0) : -1;
            s.drafts.limit(count);
        }
        return count;
    }

    /// Lets the runner's model draft.
    void draft(List<ScheduledSequence> planned) {
        isMeasurable = true;
        if (!isOn || runner.maxDrafts() == 0) {
            return;
        }
        for (int i = 0; i < planned.size(); i++) {
            ScheduledSequence s = planned.get(i);
            if (s.state() == SequenceState.DECODING) {
                runner.want(s.computed, s.tokens(), s.length(), s.drafts);
            }
        }
        long start = System.nanoTime();
        runner.draft();
        if (modelSteps > 0) {
            policy.drafted(modelSteps, modelReads, (System.nanoTime() - start) / 1e9);
        }
    }

    /// Drops all drafts of a pass that had no memory for them.
    ///
    /// @return false if there were none
    boolean drop(List<ScheduledSequence> planned) {
        isMeasurable = false;
        boolean dropped = false;
        for (int i = 0; i < planned.size(); i++) {
            dropped |= planned.get(i).drafts.count() > 0;
            planned.get(i).drafts.clear();
        }
        return dropped;
    }

    /// Reports a pass whose tokens were sampled.
    ///
    /// @param nanos the time of the pass
    void report(List<ScheduledSequence> planned, long nanos) {
        if (!isOn || !isMeasurable || drafting.fixed() > 0) {
            return;
        }
        if (numDecoding == 0) {
            policy.prefilled(nanos / 1e9);
            return;
        }
        int drafted = 0;
        int accepted = 0;
        for (int i = 0; i < planned.size(); i++) {
            drafted += planned.get(i).drafts.count();
            accepted += planned.get(i).acceptedNow;
        }
        policy.computed(drafted, accepted, planned.size() == numDecoding ? nanos / 1e9 : Double.NaN);
    }
}
