package glia.engine.runner;

import glia.engine.draft.DraftTokens;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Drafts the most probable tokens for several sequences, one token of each in a pass.
final class GreedyDrafts {
    private final Engine drafter;
    private final int vocabSize;
    /// The sequences of the drafter's pass, in its order.
    private final List<Sequence> sequences = new ArrayList<>();
    private final List<DraftTokens> drafts = new ArrayList<>();
    private final int[] token = new int[1];

    /// @param vocabSize the vocabulary of the model that checks the drafts
    GreedyDrafts(Engine drafter, int vocabSize) {
        this.drafter = drafter;
        this.vocabSize = vocabSize;
    }

    /// Adds a sequence whose last token is in the drafter's pass, with its logits.
    void add(Sequence sequence, DraftTokens of) {
        sequences.add(sequence);
        drafts.add(of);
    }

    void clear() {
        sequences.clear();
        drafts.clear();
    }

    /// Runs the drafter's pass, and further ones until each sequence has the drafts that it wants.
    void run() {
        while (!sequences.isEmpty()) {
            pick(drafter.run());
            addNext();
        }
    }

    /// Takes the most probable token of each sequence. One outside of the other model's vocabulary ends its drafts.
    private void pick(Tensor logits) {
        for (int i = 0; i < sequences.size(); i++) {
            int best = drafter.ops().kernels().argmax(logits, i);
            if (best < vocabSize) {
                drafts.get(i).add(best);
            } else {
                drafts.get(i).want(drafts.get(i).count());
            }
        }
    }

    private void addNext() {
        int left = 0;
        for (int i = 0; i < sequences.size(); i++) {
            DraftTokens of = drafts.get(i);
            if (of.count() < of.wanted()) {
                Sequence sequence = sequences.get(i);
                token[0] = of.id(of.count() - 1);
                sequence.provisional(DraftTokens.MOST);
                drafter.add(sequence, token, 0, 1, Outputs.LAST);
                sequences.set(left, sequence);
                drafts.set(left++, of);
            }
        }
        sequences.subList(left, sequences.size()).clear();
        drafts.subList(left, drafts.size()).clear();
    }
}
