package glia.engine.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The plan of the next pass: first one token and drafts of each decoding sequence, then chunks of prompts within the
/// token budget, in equal shares for each fairness key, within a key by priority and age.
final class PassPlan {
    /// By priority, then by age. A class of its own: lambdas would cost several milliseconds of a cold start.
    private static final class ByTurn implements Comparator<ScheduledSequence> {
        @Override
        public int compare(ScheduledSequence a, ScheduledSequence b) {
            int byPriority = Integer.compare(b.gainedPriority, a.gainedPriority);
            return byPriority != 0 ? byPriority : Long.compare(a.arrival, b.arrival);
        }
    }

    private static final Comparator<ScheduledSequence> BY_TURN = new ByTurn();

    private final int tokenBudget;
    private final DraftStep drafts;
    private final PromptPace pace = new PromptPace();
    private final List<ScheduledSequence> planned = new ArrayList<>();

    PassPlan(int tokenBudget, DraftStep drafts) {
        this.tokenBudget = tokenBudget;
        this.drafts = drafts;
    }

    /// The sequences of the pass.
    List<ScheduledSequence> planned() {
        return planned;
    }

    /// Reports the time of the planned pass, before its sequences change.
    void report(long nanos) {
        int numDecoding = 0;
        int numPrompt = 0;
        for (int i = 0; i < planned.size(); i++) {
            ScheduledSequence s = planned.get(i);
            numDecoding += s.state() == SequenceState.DECODING ? 1 : 0;
            numPrompt += s.state() == SequenceState.DECODING ? 0 : s.planned;
        }
        pace.report(numDecoding, numPrompt, nanos);
    }

    /// Plans a pass of running sequences.
    void make(List<ScheduledSequence> running) {
        planned.clear();
        int numPrompts = 0;
        ScheduledSequence prompt = null;
        for (int i = 0; i < running.size(); i++) {
            ScheduledSequence s = running.get(i);
            s.planned = 0;
            s.drafts.clear();
            s.acceptedNow = 0;
            if (s.waits) {
                continue;
            }
            if (s.state() == SequenceState.DECODING) {
                s.planned = 1;
                planned.add(s);
            } else {
                prompt = s;
                numPrompts++;
            }
        }
        int budget = tokenBudget - planned.size();
        budget -= drafts.plan(planned, numPrompts > 0 ? budget - 1 : budget);
        if (!planned.isEmpty() && numPrompts > 0) {
            budget = pace.limit(budget);
            if (budget == 0) {
                return;
            }
        }
        if (numPrompts == 1) {
            add(prompt, budget, true);
        } else if (numPrompts > 1) {
            share(running, budget);
        }
    }

    private void share(List<ScheduledSequence> running, int budget) {
        List<ScheduledSequence> prompts = new ArrayList<>();
        for (ScheduledSequence s : running) {
            if (s.state() == SequenceState.PREFILLING && !s.waits) {
                prompts.add(s);
            }
        }
        prompts.sort(BY_TURN);
        List<String> keys = prompts.stream().map(s -> s.request.fairnessKey()).distinct().toList();
        int left = budget;
        for (int k = 0; k < keys.size(); k++) {
            int share = left / (keys.size() - k);
            for (ScheduledSequence s : prompts) {
                if (s.request.fairnessKey().equals(keys.get(k))) {
                    int taken = add(s, share, left == budget);
                    share -= taken;
                    left -= taken;
                }
            }
        }
        for (ScheduledSequence s : prompts) {
            left -= add(s, left, false);
        }
    }

    /// Adds a chunk of a prompt or enlarges it. A source is never split, so that of the pass's first prompt may exceed
    /// the budget.
    ///
    /// @return the tokens taken from the budget
    private int add(ScheduledSequence s, int budget, boolean isFirst) {
        int source = s.planned == 0 ? s.sourceToRead() : 0;
        int most = Math.min(s.remaining() - s.planned, isFirst ? Math.max(1, budget - source) : budget - source);
        int known = s.computed.length() + s.planned;
        int count = most <= 0 ? 0 : s.computed.chunkEnd(known + most) - known;
        if (count <= 0) {
            return 0;
        }
        if (s.planned == 0) {
            planned.add(s);
        }
        s.planned += count;
        return count + source;
    }
}
