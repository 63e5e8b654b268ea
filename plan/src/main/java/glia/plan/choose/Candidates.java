package glia.plan.choose;

import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry;
import glia.model.cost.LayerKind;
import glia.model.spec.CacheKind;
import glia.model.spec.ModelSpec;
import glia.plan.data.Languages;
import glia.plan.data.Quality;
import glia.plan.data.Quality.Score;
import glia.plan.predict.Shape;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The models of the catalogue that needs allow to consider, with and without thinking.
public final class Candidates {
    /// The need that a model misses with a longer context than its own.
    public static final String TOO_SHORT = "the model's context is shorter than needed";
    static final String BELOW = " is below the floor";
    private final Quality quality = Quality.known();
    private final Catalogue catalogue = Catalogue.load();
    private static final Map<String, Known> KNOWN = new ConcurrentHashMap<>();

    Candidates() { }

    /// What is computed of a model once.
    ///
    /// @param writes whether it writes text
    private record Known(ModelSpec spec, Shape shape, boolean writes) {
        static Known of(CatalogueEntry.Disclosed model) {
            ModelSpec spec = model.validSpec();
            return new Known(spec, Shape.of(spec), Candidates.writes(spec));
        }
    }

    /// A model, and whether it thinks before it answers.
    ///
    /// @param output tokens of an answer with its thinking
    /// @param scores published in this mode, by benchmark of the needs
    public record Candidate(CatalogueEntry.Disclosed model, ModelSpec spec, Shape shape, boolean thinks, double output,
            Map<String, Score> scores) {
        /// The name of the model in a choice.
        public String id() {
            return model.id();
        }

        /// Tokens that the model can read: those of the decoder if an encoder reads the prompt.
        public int context() {
            return spec.contextLength();
        }

        /// Tokens of the context that a request takes.
        double taken(Needs needs) {
            return spec.encoder().isPresent() ? output + needs.traffic().longer() : needs.length(output);
        }
    }

    /// The models that needs allow to consider.
    ///
    /// @throws IllegalArgumentException if the needs name a model, benchmark or language that is not known
    public List<Candidate> of(Needs needs) {
        for (String benchmark : needs.benchmarks()) {
            if (quality.benchmarks().stream().noneMatch(benchmark::equalsIgnoreCase)) {
                throw new IllegalArgumentException("no scores of a benchmark '" + benchmark + "' are known; there are "
                        + String.join(", ", quality.benchmarks()));
            }
        }
        needs.languages().forEach(Languages::require);
        List<Candidate> candidates = new ArrayList<>();
        for (CatalogueEntry.Disclosed model : models(needs)) {
            for (boolean thinks : new boolean[] {false, true}) {
                Map<String, Score> scores = scores(needs, model.name(), thinks);
                if (thinks ? scores.isEmpty() : quality.alwaysThinks(model.name())) {
                    continue;
                }
                boolean isText = needs.task().isText();
                if (!isText && !scores.containsKey(needs.task().benchmark())) {
                    continue;
                }
                Known of = KNOWN.computeIfAbsent(model.id(), id -> Known.of(model));
                if (!isText || of.writes()) {
                    candidates.add(new Candidate(model, of.spec(), of.shape(), thinks, needs.traffic().output()
                            + (thinks ? thinking(needs) : 0), scores));
                }
            }
        }
        return candidates;
    }

    /// Tokens that a model thinks for an answer.
    public double thinking(Needs needs) {
        return needs.traffic().thinking().orElseGet(() -> quality.thinking(needs.task().benchmark()).tokens());
    }

    /// The scores of a model in a mode, by benchmark of the needs.
    Map<String, Score> scores(Needs needs, String name, boolean thinks) {
        Map<String, Score> scores = new LinkedHashMap<>();
        needs.benchmarks().forEach(b -> quality.of(name, b, thinks).ifPresent(s -> scores.put(b, s)));
        return scores;
    }

    /// Encoders write no answers.
    private static boolean writes(ModelSpec spec) {
        return spec.encoder().isEmpty() && LayerKind.of(spec).stream().noneMatch(Candidates::seesBothWays);
    }

    private static boolean seesBothWays(LayerKind kind) {
        return kind.caches().stream().anyMatch(cache -> cache instanceof CacheKind.KeyValues kv
                && (kv.span() instanceof Span.Bidirectional || kv.span() instanceof Span.BidirectionalWindow));
    }

    private List<CatalogueEntry.Disclosed> models(Needs needs) {
        List<CatalogueEntry> entries = needs.models().isEmpty() ? catalogue.entries()
                : needs.models().stream().flatMap(id -> catalogue.find(id).stream()).distinct().toList();
        return entries.stream().filter(CatalogueEntry.Disclosed.class::isInstance)
                .map(CatalogueEntry.Disclosed.class::cast).toList();
    }

    /// Which needs a model misses on any device.
    public static List<String> faults(Needs needs, Candidate candidate) {
        List<String> faults = new ArrayList<>();
        if (candidate.context() < candidate.taken(needs)) {
            faults.add(TOO_SHORT);
        }
        if (Licences.of(candidate.id()).allows().compareTo(needs.licence()) < 0) {
            faults.add("the licence does not allow the use");
        }
        for (String language : needs.languages()) {
            Optional<Languages.Spoken> spoken = Languages.of(candidate.id());
            if (spoken.isEmpty()) {
                faults.add("no list of the model's languages is known");
            } else if (!spoken.get().has(language)) {
                faults.add("the publisher does not name the language " + language);
            }
        }
        needs.floors().forEach((benchmark, floor) -> {
            Score score = candidate.scores().get(benchmark);
            if (score == null) {
                faults.add("no published score in " + benchmark);
            } else if (score.points() < floor) {
                faults.add("the score in " + benchmark + BELOW);
            }
        });
        return faults;
    }
}
