package glia.model.spec;

import java.util.List;
import java.util.function.UnaryOperator;

/// What a decoder is: how its blocks are arranged, with all sizes. A family makes it from a checkpoint's config.
///
/// @param modelType the family's name, as in config.json
/// @param contextLength the most positions the model was made for
public record ModelSpec(String modelType, int vocabSize, int hiddenSize, int contextLength, Embedding embedding,
        List<Sublayer> sublayers, Norm finalNorm, Head head) {
    public ModelSpec {
        if (vocabSize < 1 || hiddenSize < 1 || contextLength < 1 || sublayers.isEmpty()) {
            throw new IllegalArgumentException("a model of vocabulary " + vocabSize + ", hidden size " + hiddenSize
                    + ", context " + contextLength + " and " + sublayers.size() + " sublayers");
        }
        sublayers = List.copyOf(sublayers);
    }

    /// Layers as the checkpoint counts them.
    public int numLayers() {
        return sublayers.getLast().layer() + 1;
    }

    /// The sublayer that a parameter belongs to.
    public Sublayer sublayer(Parameter p) {
        return sublayers.get(p.sublayer());
    }

    /// The mixer at a place.
    public Mixer mixer(Place place) {
        return Parallel.all(sublayers.get(place.sublayer()).mixer()).get(place.branch());
    }

    /// All mixers of a sublayer, by branch.
    public List<Mixer> mixers(int sublayer) {
        return Parallel.all(sublayers.get(sublayer).mixer());
    }

    /// The same model with other sublayers.
    public ModelSpec mapSublayers(UnaryOperator<Sublayer> change) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding,
                sublayers.stream().map(change).toList(), finalNorm, head);
    }

    /// The same model with other mixers, those of branches too.
    public ModelSpec mapMixers(UnaryOperator<Mixer> change) {
        return mapSublayers(s -> s.withMixer(
                s.mixer() instanceof Parallel p ? p.map(change) : change.apply(s.mixer())));
    }

    /// The same model with other norms before and after mixers, branches' too, and at the end.
    public ModelSpec mapNorms(UnaryOperator<Norm> change) {
        List<Sublayer> changed = sublayers.stream().map(s -> new Sublayer(s.layer(), change.apply(s.before()),
                s.mixer() instanceof Parallel p ? p.mapNorms(change) : s.mixer(), change.apply(s.after()),
                s.residual())).toList();
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, changed,
                change.apply(finalNorm), head);
    }

    /// The same model with another head.
    public ModelSpec withHead(Head other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, other);
    }
}
