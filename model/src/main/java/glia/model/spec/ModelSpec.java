package glia.model.spec;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The architecture of a model: the sequence of its sublayers, with all sizes. A family reads it from a config.
///
/// @param modelType the family's name, as in config.json
/// @param contextLength the context length that the model was trained for
/// @param encoder the encoder of an encoder-decoder model
/// @param drafts multi-token-prediction layers
/// @param streams the residual streams of the decoder, if there are several
/// @param towers the encoders of pictures and sounds; a tower itself has no vocabulary
/// @param diffusion how a text diffusion model generates; empty for other models
public record ModelSpec(String modelType, int vocabSize, int hiddenSize, int contextLength, Embedding embedding,
        List<Sublayer> sublayers, Norm finalNorm, Head head, Optional<Encoder> encoder, List<Draft> drafts,
        Optional<Streams> streams, List<Tower> towers, Optional<Diffusion> diffusion) {
    public ModelSpec {
        if (vocabSize < (embedding.features().isPresent() ? 0 : 1) || hiddenSize < 1 || contextLength < 1
                || sublayers.isEmpty() && embedding.features().isEmpty()) {
            throw new IllegalArgumentException("a model of vocabulary " + vocabSize + ", hidden size " + hiddenSize
                    + ", context " + contextLength + " and " + sublayers.size() + " sublayers");
        }
        sublayers = List.copyOf(sublayers);
        drafts = List.copyOf(drafts);
        towers = List.copyOf(towers);
        if (!sublayers.isEmpty()) {
            NumberRange.LAYERS.require("number of layers", sublayers.getLast().layer() + 1.0);
        }
        requireShared(allSublayers(sublayers, encoder, drafts));
        encoder.ifPresent(e -> requireToken("start token", e.startToken(), vocabSize));
        embedding.padding().ifPresent(token -> requireToken("padding token", token, vocabSize));
        if (diffusion.orElse(null) instanceof Diffusion.Masked masked) {
            requireToken("mask token", masked.maskToken(), vocabSize);
        }
    }

    /// Sublayers share parameters only with earlier ones of the same kind that have their own.
    private static void requireShared(List<Sublayer> all) {
        for (int i = 0; i < all.size(); i++) {
            Sublayer s = all.get(i);
            int with = s.sharedWith().orElse(-1);
            if (s.sharedWith().isPresent() && (with < 0 || with >= i || all.get(with).sharedWith().isPresent()
                    || !canShare(all.get(with).mixer(), s.mixer()))) {
                throw new IllegalArgumentException("sublayer " + i + ": shares the parameters of sublayer " + with
                        + ", expected an earlier one with the same mixer that has its own");
            }
            if (s.mixer() instanceof SharedKvAttention a && a.followed().sublayer() < i
                    && all.get(a.followed().sublayer()).mixer() instanceof NormedAttention b
                    && (a.headSize() != b.headSize() || a.numKeyValueHeads() != b.numKeyValueHeads())) {
                throw new IllegalArgumentException("sublayer " + i + ": has " + a.numKeyValueHeads()
                        + " key-value heads of " + a.headSize() + ", those that it shares are " + b.numKeyValueHeads()
                        + " of " + b.headSize());
            }
        }
    }

    /// The encoder before a canvas has the parameters of the canvas's attention.
    private static boolean canShare(Mixer owner, Mixer other) {
        return other.equals(owner instanceof Diffusion.CanvasAttention canvas ? canvas.attention() : owner);
    }

    private static void requireToken(String what, int token, int vocabSize) {
        if (token < 0 || token >= vocabSize) {
            throw new IllegalArgumentException(what + ": found " + token + ", expected a token id below the "
                    + vocabSize + " of the vocabulary");
        }
    }

    /// A model with one residual stream.
    public ModelSpec(String modelType, int vocabSize, int hiddenSize, int contextLength, Embedding embedding,
            List<Sublayer> sublayers, Norm finalNorm, Head head, Optional<Encoder> encoder, List<Draft> drafts) {
        this(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head, encoder, drafts,
                Optional.empty(), List.of(), Optional.empty());
    }

    /// A model without multi-token-prediction layers.
    public ModelSpec(String modelType, int vocabSize, int hiddenSize, int contextLength, Embedding embedding,
            List<Sublayer> sublayers, Norm finalNorm, Head head, Optional<Encoder> encoder) {
        this(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head, encoder,
                List.of());
    }

    /// A model without an encoder.
    public ModelSpec(String modelType, int vocabSize, int hiddenSize, int contextLength, Embedding embedding,
            List<Sublayer> sublayers, Norm finalNorm, Head head) {
        this(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head, Optional.empty());
    }

    /// The sublayers of the decoder, then those of the encoder and of the MTP layers. `Place.sublayer` is an index into
    /// this list.
    public List<Sublayer> allSublayers() {
        return allSublayers(sublayers, encoder, drafts);
    }

    private static List<Sublayer> allSublayers(List<Sublayer> sublayers, Optional<Encoder> encoder,
            List<Draft> drafts) {
        return Stream.of(sublayers.stream(), encoder.stream().flatMap(e -> e.sublayers().stream()),
                drafts.stream().flatMap(d -> d.sublayers().stream())).flatMap(s -> s).toList();
    }

    /// The index of the first sublayer of an MTP layer.
    public int firstPlace(int draft) {
        return sublayers.size() + encoder.map(e -> e.sublayers().size()).orElse(0)
                + drafts.subList(0, draft).stream().mapToInt(d -> d.sublayers().size()).sum();
    }

    /// The number of layers, as the checkpoint counts them.
    public int numLayers() {
        return sublayers.isEmpty() ? 0 : sublayers.getLast().layer() + 1;
    }

    /// By sublayer, the number of its layer where it is the layer's last one, else -1.
    public int[] layerEnds() {
        return IntStream.range(0, sublayers.size()).map(i -> i + 1 < sublayers.size()
                && sublayers.get(i + 1).layer() == sublayers.get(i).layer() ? -1 : sublayers.get(i).layer()).toArray();
    }

    /// The sublayer that a parameter belongs to.
    public Sublayer sublayer(Parameter p) {
        return sublayer(p.sublayer());
    }

    private Sublayer sublayer(int index) {
        int tower = towerOf(index);
        return index < sublayers.size() ? sublayers.get(index)
                : tower >= 0 ? towers.get(tower).body().sublayers().get(index - firstOfTower(tower))
                : allSublayers().get(index);
    }

    /// The index of the first sublayer of a tower, after all others.
    private int firstOfTower(int tower) {
        return firstPlace(drafts.size())
                + towers.subList(0, tower).stream().mapToInt(t -> t.body().sublayers().size()).sum();
    }

    /// The index of the tower that a sublayer belongs to; -1 for none.
    private int towerOf(int sublayer) {
        int tower = sublayer < 0 ? -2 - sublayer : towers.size() - 1;
        while (sublayer >= 0 && tower >= 0 && firstOfTower(tower) > sublayer) {
            tower--;
        }
        return Math.max(-1, tower);
    }

    /// The index of the tower that a place belongs to; -1 for none.
    public int towerOf(Place place) {
        return towerOf(place.sublayer());
    }

    /// The place in this model of a place of a tower.
    public Place towerPlace(int tower, Place place) {
        return new Place(place.sublayer() < 0 ? -2 - tower : firstOfTower(tower) + place.sublayer(), place.branch());
    }

    /// A parameter of a tower as that of its body; the steps of its projector are branches of the whole, from 1 on.
    public Parameter inTower(Parameter p) {
        int tower = towerOf(p.place());
        return new Parameter(new Place(p.sublayer() < 0 ? -1 : p.sublayer() - firstOfTower(tower), p.place().branch()),
                p.role(), p.expert());
    }

    /// The model of text alone: no towers, and rotary embedding by one position, which is the same for text.
    public ModelSpec text() {
        return towers.isEmpty() ? this : mapMixers(m -> m instanceof Attention a && a.rope() instanceof Rope.Axial axial
                ? a.with(axial.rotary()) : m).withTowers(List.of());
    }

    /// A copy for another context length.
    public ModelSpec withContextLength(int other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, other, embedding, sublayers, finalNorm, head, encoder,
                drafts, streams, towers, diffusion);
    }

    /// A copy with towers.
    public ModelSpec withTowers(List<Tower> others) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head,
                encoder, drafts, streams, others, diffusion);
    }

    /// The place of the parameters that a place uses: its own, or that of the sublayer that it shares them with.
    public Place parameters(Place place) {
        OptionalInt shared = place.sublayer() < 0 ? OptionalInt.empty() : sublayer(place.sublayer()).sharedWith();
        return shared.isPresent() ? new Place(shared.getAsInt(), place.branch()) : place;
    }

    /// The features that the model reads in place of tokens: those of its embedding, else those of its encoder.
    public Optional<Embedding.Features> features() {
        return embedding.features().or(() -> encoder.flatMap(Encoder::embedding).flatMap(Embedding::features));
    }

    /// The mixer at a place.
    public Mixer mixer(Place place) {
        return mixers(place.sublayer()).get(place.branch());
    }

    /// Whether training leaves a parameter as it is: the table of experts by token, which holds numbers of experts, and
    /// the patcher of a byte latent transformer.
    public boolean isFixed(Parameter p) {
        return switch (p.role()) {
            case ROUTER_TABLE, PATCHER_EMBEDDING, PATCHER_NORM, PATCHER_HEAD -> true;
            default -> p.sublayer() >= 0 && p.place().branch() > 0 && sublayer(p).mixer() instanceof BytePatches patches
                    && p.place().branch() <= patches.patcher().layers().size();
        };
    }

    /// All mixers of a sublayer, by branch.
    public List<Mixer> mixers(int sublayer) {
        return Parallel.all(sublayer(sublayer).mixer());
    }

    /// Whether attention is bidirectional, as in encoders and text diffusion models. Such a model cannot generate token
    /// after token.
    public boolean looksAhead() {
        return diffusion.isPresent() || sublayers.stream().flatMap(s -> Parallel.all(s.mixer()).stream())
                .flatMap(m -> m.caches().stream())
                .anyMatch(r -> r instanceof CacheKind.KeyValues kv && kv.span().last(0) > 0);
    }

    /// A copy with other sublayers.
    public ModelSpec mapSublayers(UnaryOperator<Sublayer> change) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding,
                sublayers.stream().map(change).toList(), finalNorm, head,
                encoder.map(e -> e.with(e.sublayers().stream().map(change).toList(), e.finalNorm())),
                drafts.stream().map(d -> new Draft(d.embeddingNorm(), d.hiddenNorm(),
                        d.sublayers().stream().map(change).toList(), d.finalNorm())).toList(), streams, towers,
                diffusion);
    }

    /// A copy with other mixers, including those of parallel branches.
    public ModelSpec mapMixers(UnaryOperator<Mixer> change) {
        return mapSublayers(s -> s.withMixer(switch (s.mixer()) {
            case Parallel p -> p.map(change);
            case Injected i -> i.map(change);
            default -> change.apply(s.mixer());
        }));
    }

    /// A copy with other norms: before and after mixers, in parallel branches, and the final one.
    public ModelSpec mapNorms(UnaryOperator<Norm> change) {
        ModelSpec changed = mapSublayers(s -> s.withMixer(switch (s.mixer()) {
            case Parallel p -> p.mapNorms(change);
            case Injected i -> i.mapNorms(change);
            default -> s.mixer();
        }).withNorms(change.apply(s.before()), change.apply(s.after())));
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, changed.sublayers,
                change.apply(finalNorm), head,
                changed.encoder.map(e -> e.with(e.sublayers(), change.apply(e.finalNorm()))),
                changed.drafts.stream().map(d -> new Draft(change.apply(d.embeddingNorm()),
                        change.apply(d.hiddenNorm()), d.sublayers(), change.apply(d.finalNorm()))).toList(),
                streams, towers, diffusion);
    }

    /// A copy with another head.
    public ModelSpec withHead(Head other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, other,
                encoder, drafts, streams, towers, diffusion);
    }

    /// A copy with another embedding.
    public ModelSpec with(Embedding other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, other, sublayers, finalNorm, head,
                encoder, drafts, streams, towers, diffusion);
    }

    /// A copy that is a text diffusion model.
    public ModelSpec with(Diffusion other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head,
                encoder, drafts, streams, towers, Optional.of(other));
    }

    /// A copy with an encoder.
    public ModelSpec with(Encoder other) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head,
                Optional.of(other), drafts, streams, towers, diffusion);
    }

    /// A copy with several residual streams.
    public ModelSpec with(Streams others) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head,
                encoder, drafts, Optional.of(others), towers, diffusion);
    }

    /// A copy with the first layers alone, without multi-token-prediction layers.
    ///
    /// @throws IllegalArgumentException if the model has no more layers than `count`, or an encoder
    public ModelSpec firstLayers(int count) {
        if (encoder.isPresent()) {
            throw new IllegalArgumentException("early exit needs a decoder; " + modelType + " has an encoder");
        }
        if (count < 1 || count >= numLayers()) {
            throw new IllegalArgumentException("early exit after " + count + " layers; expected 1 to "
                    + (numLayers() - 1) + ", since the model has " + numLayers());
        }
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding,
                sublayers.stream().filter(s -> s.layer() < count).toList(), finalNorm, head, encoder, List.of(),
                streams, towers, diffusion);
    }

    /// The first sublayer of each layer.
    public List<Integer> layerStarts() {
        return IntStream.range(0, sublayers.size()).filter(i -> i == 0
                || sublayers.get(i).layer() > sublayers.get(i - 1).layer()).boxed().toList();
    }

    /// A copy with other multi-token-prediction layers.
    public ModelSpec withDrafts(List<Draft> others) {
        return new ModelSpec(modelType, vocabSize, hiddenSize, contextLength, embedding, sublayers, finalNorm, head,
                encoder, others, streams, towers, diffusion);
    }
}
