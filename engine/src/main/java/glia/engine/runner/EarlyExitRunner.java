package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.schedule.DecodeState;
import glia.engine.state.Sequence;
import glia.engine.state.StateMemoryException;
import glia.model.block.Pass.Outputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Speculative decoding by early exit ([LayerSkip](https://arxiv.org/abs/2404.16710)): the model's first layers, with
/// its final norm and head, draft greedily. They continue the model's own KV cache, so no text is read a second time,
/// and what they add is truncated before the pass that checks the drafts.
final class EarlyExitRunner extends PlainRunner {
    private final Engine first;
    private final GreedyDrafts greedy;
    private final List<Sequence> gathered = new ArrayList<>();
    /// Computed tokens of each.
    private int[] lengths = new int[8];

    /// @param first the engine of the first layers; the caller closes it
    /// @throws IllegalArgumentException if the model cannot draft
    EarlyExitRunner(Engine engine, Engine first) {
        super(engine);
        if (engine.model().spec().encoder().isPresent() || !allowsDrafts()) {
            throw new IllegalArgumentException("early exit needs a decoder without recurrent states");
        }
        this.first = first;
        this.greedy = new GreedyDrafts(first, vocabSize());
    }

    @Override
    public int maxDrafts() {
        return DraftTokens.MOST;
    }

    @Override
    public double draftingShare() {
        return share(first);
    }

    @Override
    public void want(DecodeState state, int[] ids, int length, DraftTokens drafts) {
        if (drafts.wanted() == 0) {
            return;
        }
        Sequence sequence = sequence(state);
        if (gathered.size() == lengths.length) {
            lengths = Arrays.copyOf(lengths, 2 * lengths.length);
        }
        lengths[gathered.size()] = sequence.length();
        gathered.add(sequence);
        sequence.provisional(DraftTokens.MOST);
        first.add(sequence, ids, sequence.length(), length, Outputs.LAST);
        greedy.add(sequence, drafts);
    }

    @Override
    public void draft() {
        boolean isTruncated;
        try {
            greedy.run();
        } catch (StateMemoryException e) {
            // Those that were drafted until then are checked.
        } finally {
            isTruncated = truncate();
        }
        if (!isTruncated) {
            throw new IllegalStateException("the drafts of a sequence cannot be truncated");
        }
    }

    private boolean truncate() {
        first.discard();
        greedy.clear();
        boolean all = true;
        for (int i = 0; i < gathered.size(); i++) {
            Sequence sequence = gathered.get(i);
            all &= sequence.length() >= lengths[i] && sequence.truncate(lengths[i]);
        }
        gathered.clear();
        return all;
    }
}
