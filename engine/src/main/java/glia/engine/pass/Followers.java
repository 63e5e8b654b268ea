package glia.engine.pass;

import glia.tensor.Tensor;
import glia.tensor.ops.RankGroup;
import java.util.Optional;
import java.util.function.Supplier;

/// The ranks that follow an engine which leads: they have other parts of the model, and compute the passes that are
/// announced to them, and nothing else. None by default.
public final class Followers {
    private RankGroup ranks;
    private boolean isAnnounced;

    Followers() { }

    /// From now on these ranks follow.
    public void add(RankGroup group) {
        ranks = group;
    }

    /// The ranks, if there are any.
    public Optional<RankGroup> ranks() {
        return Optional.ofNullable(ranks);
    }

    /// Computes a pass of which all ranks know.
    public Tensor together(Supplier<Tensor> pass) {
        isAnnounced = true;
        try {
            return pass.get();
        } finally {
            isAnnounced = false;
        }
    }

    /// @throws IllegalArgumentException if others would not compute this, too
    void requireKnown() {
        if (ranks != null && !isAnnounced) {
            throw new IllegalArgumentException("a model that is divided among ranks (--tensor, --expert, --pipeline) "
                    + "generates text and nothing else; found a request for embeddings, probabilities of given texts, "
                    + "pictures or sounds: serve the model without the option for it");
        }
    }
}
