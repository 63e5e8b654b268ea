package glia.plan.choose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.lab.catalogue.Catalogue;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.model.cost.LayerKind;
import glia.model.cost.ParameterCount;
import glia.model.spec.ModelSpec;
import glia.plan.data.Devices;
import glia.plan.data.Prices;
import glia.plan.data.Quality.Score;
import glia.plan.predict.Effects;
import glia.plan.predict.Shape;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Laws of plans, and how they answer needs that nothing meets.
class PlannerTest {
    private static final Planner PLANNER = new Planner(Effects.fitted(), Devices.known());

    private static Needs needs(double prompt, double output, double rate, double context, List<String> models,
            List<String> devices) {
        return new Needs(Needs.Task.CHAT, Traffic.of(prompt, output, rate), 5, 0.2, context, Map.of(),
                Needs.Licence.ANY, List.of(), devices, Double.POSITIVE_INFINITY, OptionalDouble.empty(), models, false);
    }

    private static double cheapest(Needs needs) {
        return PLANNER.plan(needs).choices().stream().mapToDouble(Choice::month).min()
                .orElse(Double.POSITIVE_INFINITY);
    }

    private static Planner.Plan withServices(double rate, Needs.Licence licence, double budget, boolean isPrivate) {
        return PLANNER.plan(new Needs(Needs.Task.CHAT, Traffic.of(1000, 300, rate), 5, 0.2, 0, Map.of(), licence,
                List.of(), List.of("H100 SXM 80GB"), budget, OptionalDouble.of(2), List.of("llama-3.1-8b"),
                isPrivate));
    }

    @Test
    void servicesStandBesideOwnHardware() {
        Planner.Plan plan = withServices(1, Needs.Licence.ANY, Double.POSITIVE_INFINITY, false);
        assertEquals(1, plan.services().size(), "one offer a model");
        Services.Offer offer = plan.services().getFirst();
        // The cheapest of those that sell it under different names: 0.05 and 0.08 USD a million tokens.
        assertEquals("Groq", offer.tokens().provider());
        double request = (1000 * 0.05 + 300 * 0.08) / 1e6;
        assertEquals(730 * 3600 * request, offer.month(), 1e-6);
        Choice own = offer.own().orElseThrow();
        assertEquals("llama-3.1-8b", own.id());
        double rate = own.month() / own.copies() / (730 * 3600 * request);
        assertEquals(rate, offer.breakEven().orElseThrow(), 1e-9);
        // At the break-even rate both cost the same.
        Planner.Plan there = withServices(rate, Needs.Licence.ANY, Double.POSITIVE_INFINITY, false);
        assertEquals(own.month(), there.services().getFirst().month(), 1e-6);
        assertEquals(List.of(), withServices(1, Needs.Licence.OPEN, Double.POSITIVE_INFINITY, false).services());
        assertEquals(List.of(), withServices(100, Needs.Licence.ANY, 10, false).services());
        Planner.Plan secret = withServices(1, Needs.Licence.ANY, Double.POSITIVE_INFINITY, true);
        assertEquals(List.of(), secret.services());
        assertTrue(secret.ruledOut().get("the service would see the data") > 1);
    }

    @Test
    void modelsAreKnownByTheNamesOfServices() {
        for (String name : List.of("meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", "llama-v3p1-8b-instruct",
                "llama3.1-8b", "llama-3.1-8b-instant")) {
            assertEquals(Services.key("llama-3.1-8b"), Services.key(name), name);
        }
        assertEquals(Services.key("gemma-3-27b"), Services.key("google.gemma-3-27b-it"));
        assertEquals(Services.key("llama-4-scout"), Services.key("meta-llama/Llama-4-Scout-17B-16E-Instruct"));
        assertEquals(Services.key("qwen3-32b"), Services.key("qwen/qwen3-32b"));
    }

    @Test
    void moreToDoNeverCostsLess() {
        List<String> models = List.of("llama-3.1-70b");
        double before = 0;
        for (double rate : new double[] {0.1, 1, 3, 10, 30}) {
            double cost = cheapest(needs(1000, 300, rate, 0, models, List.of()));
            assertTrue(cost >= before, "rate " + rate);
            before = cost;
        }
        before = 0;
        for (double prompt : new double[] {10, 1000, 8000, 30_000}) {
            double cost = cheapest(needs(prompt, 300, 1, 0, models, List.of()));
            assertTrue(cost >= before, "prompt " + prompt);
            before = cost;
        }
        before = 0;
        for (double context : new double[] {0, 16_000, 64_000, 128_000}) {
            double cost = cheapest(needs(1000, 300, 5, context, models, List.of()));
            assertTrue(cost >= before, "context " + context);
            before = cost;
        }
    }

    @Test
    void everyChoiceMeetsTheNeedsAndFits() {
        Needs needs = new Needs(Needs.Task.CODE, Traffic.of(2000, 500, 4), 1.5, 0.05, 16_000,
                Map.of("LiveCodeBench", 20.0), Needs.Licence.OPEN, List.of(), List.of(), 50_000,
                OptionalDouble.empty(), List.of(), false);
        Planner.Plan plan = PLANNER.plan(needs);
        assertTrue(plan.choices().size() > 2, plan.ruledOut().toString());
        for (Choice c : plan.choices()) {
            assertTrue(c.firstToken() <= 1.5 && c.betweenTokens() <= 0.05 && c.month() <= 50_000, c.toString());
            assertTrue(c.memory().values().stream().mapToDouble(v -> v).sum()
                    <= c.devices() * c.device().memory().orElseThrow(), c.toString());
            assertTrue(c.rate() >= needs.rate() * needs.traffic().output(), c.toString());
            assertTrue(c.scores().get("LiveCodeBench").points() >= 20);
            assertEquals(Needs.Licence.OPEN, c.licence().allows());
        }
        List<Choice> front = Planner.front(plan.choices(), "LiveCodeBench");
        for (int i = 1; i < front.size(); i++) {
            assertTrue(front.get(i).month() >= front.get(i - 1).month() && front.get(i).scores().get("LiveCodeBench")
                    .points() > front.get(i - 1).scores().get("LiveCodeBench").points());
        }
    }

    @Test
    void impossibleNeedsNameWhatIsMissing() {
        Planner.Plan plan = PLANNER.plan(needs(1000, 300, 1, 50_000_000, List.of(), List.of()));
        assertEquals(0, plan.choices().size());
        assertTrue(plan.ruledOut().containsKey("the model's context is shorter than needed"));
        Planner.Plan slow = PLANNER.plan(new Needs(Needs.Task.CHAT, Traffic.of(1000, 300, 1), 5, 1e-6, 0, Map.of(),
                Needs.Licence.ANY, List.of(), List.of(), Double.POSITIVE_INFINITY, OptionalDouble.empty(),
                List.of("llama-3"), false));
        assertEquals(List.of(), slow.choices());
        assertTrue(slow.nearest().containsKey("tokens come too slowly"), slow.nearest().keySet().toString());
        Planner.Plan large = PLANNER.plan(needs(1000, 300, 1, 0, List.of("deepseek-v3"), List.of("RTX 4090")));
        assertEquals(List.of("the weights and one request do not fit in the memory"),
                List.copyOf(large.ruledOut().keySet()));
    }

    @Test
    void unknownNamesAndSenselessNumbersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> PLANNER.plan(needs(1, 1, 1, 0, List.of("nosuch"),
                List.of())));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> PLANNER.plan(needs(1, 1, 1, 0, List.of(),
                List.of("H10O")))).getMessage().contains("no device 'H10O' is known"));
        assertThrows(IllegalArgumentException.class, () -> needs(1, 1, 0, 0, List.of(), List.of()));
        assertThrows(IllegalArgumentException.class, () -> needs(-1, 1, 1, 0, List.of(), List.of()));
    }

    @Test
    void shapesCountWhatTheCatalogueCounts() throws CheckpointException {
        for (var entry : Catalogue.load().entries()) {
            if (entry instanceof Disclosed d) {
                ParameterCount count = ParameterCount.of(d.spec());
                Shape shape = Shape.of(d.spec());
                assertEquals(count.total(), shape.parameters(), d.id());
                assertEquals(count.active(), shape.active(), d.id());
                assertTrue(shape.chosenPart() > 0 && shape.chosenPart() <= 1, d.id());
            }
        }
        Shape mixtral = Shape.of(((Disclosed) Catalogue.load().find("mixtral-8x7b").getFirst()).spec());
        assertEquals(2 / 8.0, mixtral.chosenPart(), 1e-9);
        assertEquals(32 * 2 * 8 * 128, mixtral.cacheNumbers());
        // Layers with a window cache all of a short text, and their window of a long one.
        for (String windowed : List.of("gemma-3-12b", "mistral-7b-v0.1", "llama-4-scout")) {
            ModelSpec spec = ((Disclosed) Catalogue.load().find(windowed).getFirst()).spec();
            for (int tokens : List.of(100, 1_048_575)) {
                assertEquals(LayerKind.of(spec).stream().mapToLong(kind -> kind.numbers(tokens, 1)).sum(),
                        Shape.of(spec).cached(tokens), 1, windowed);
            }
        }
        assertEquals(32 * 32 * 128, mixtral.width());
        assertEquals(32, mixtral.layers());
    }

    private static Needs task(Needs.Task task, Traffic traffic, List<String> languages, List<String> models) {
        return new Needs(task, traffic, 20, 0.2, 0, Map.of(), Needs.Licence.ANY, languages, List.of(),
                Double.POSITIVE_INFINITY, OptionalDouble.empty(), models, false);
    }

    /// Each task finds models that have its benchmark's scores, and answers without output cost their prompt alone.
    @Test
    void everyTaskFindsModels() {
        for (Needs.Task task : Needs.Task.values()) {
            Planner.Plan plan = PLANNER.plan(new Needs(task, Traffic.of(task.usualPrompt(), task.usualOutput(),
                    task.usualRate()), 20, 0.2, 0, Map.of(), Needs.Licence.ANY, List.of(), List.of("RTX 4090", "L40S",
                    "H100 SXM 80GB"), Double.POSITIVE_INFINITY, OptionalDouble.empty(), List.of(), true));
            List<Choice> front = Planner.front(plan.choices(), task.benchmark());
            assertTrue(!front.isEmpty() && plan.choices().size() >= 4, task + ": " + plan.choices().size());
            for (Choice c : front) {
                assertTrue(c.firstToken() > 0 && Double.isFinite(c.rate()) && c.rate() > 0 && c.cost() > 0, c.id());
                assertEquals(task.usualOutput() == 0, c.betweenTokens() == 0, c.id());
            }
        }
        Choice vector = PLANNER.plan(task(Needs.Task.EMBEDDING, Traffic.of(300, 0, 1), List.of(), List.of("bge-m3")))
                .choices().getFirst();
        // One text at a time: tokens per second are tokens of a text by its time.
        assertEquals(vector.copies() * 300 / (vector.firstToken() / (1 + 3 * busy(vector))), vector.rate(),
                0.2 * vector.rate());
        assertThrows(IllegalArgumentException.class, () -> task(Needs.Task.EMBEDDING, Traffic.of(300, 5, 1), List.of(),
                List.of()));
        assertThrows(IllegalArgumentException.class, () -> task(Needs.Task.CHAT, Traffic.of(300, 0, 1), List.of(),
                List.of()));
    }

    private static double busy(Choice c) {
        double load = 300 / c.rate() * c.copies();
        return load / (1 - load);
    }

    /// What one person owns has no price: the smallest device comes first, and no service stands beside it.
    @Test
    void ownDevicesAreRankedByTheirMemory() {
        Planner.Plan plan = PLANNER.plan(task(Needs.Task.DEVICE, Traffic.of(1000, 300, 0.01), List.of(),
                List.of("qwen3-4b", "gemma-3-27b")));
        List<Choice> choices = plan.choices();
        assertEquals("qwen3-4b", choices.getFirst().id());
        assertTrue(choices.stream().allMatch(c -> c.month() == 0 && c.allDevices() == 1 && c.device().isPersonal()));
        assertTrue(choices.getFirst().device().memory().orElseThrow() < choices.getLast().device().memory()
                .orElseThrow());
        assertEquals(List.of(), plan.services());
        assertEquals(64e9, Devices.known().get("Apple M4 Max (40) 64GB").memory().orElseThrow());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> PLANNER.plan(needs(10, 10, 1, 0, List.of(),
                List.of("Apple M4 Max (40)")))).getMessage().contains("name it with its own"));
        assertTrue(List.of("L40S", "RTX 5000 Ada", "H100 SXM 80GB").stream().filter(name -> Devices.known().all()
                .stream().anyMatch(d -> d.name().equals(name))).noneMatch(name -> Devices.known().get(name)
                .isPersonal()));
    }

    /// Qwen3 8B has scores in AIME 2025 with and without thinking: thinking costs more tokens and reaches more points.
    @Test
    void thinkingIsAChoiceOfItsOwn() {
        Traffic given = new Traffic(1000, 0, 300, 0, OptionalDouble.of(8000), 1);
        List<Choice> choices = PLANNER.plan(task(Needs.Task.REASONING, given, List.of(), List.of("qwen3-32b")))
                .choices();
        assertEquals(List.of("qwen3-32b", "qwen3-32b, thinking"), choices.stream().map(Choice::label).sorted()
                .toList());
        Choice direct = choices.stream().filter(c -> !c.thinks()).findFirst().orElseThrow();
        Choice thinking = choices.stream().filter(Choice::thinks).findFirst().orElseThrow();
        assertTrue(thinking.points("AIME 2025") > direct.points("AIME 2025") && thinking.month() > direct.month());
        assertTrue(thinking.rate() >= 8300 && direct.rate() >= 300);
        // Gpt-oss has scores after thinking alone.
        assertTrue(PLANNER.plan(task(Needs.Task.REASONING, given, List.of(), List.of("gpt-oss-20b"))).choices().stream()
                .allMatch(Choice::thinks));
    }

    @Test
    void languagesAreThoseThatPublishersName() {
        Planner.Plan plan = PLANNER.plan(task(Needs.Task.CHAT, Traffic.of(1000, 300, 1), List.of("de", "th"),
                List.of("llama-3.1-8b", "qwen3-8b", "smollm3", "phi-4")));
        assertEquals(List.of("llama-3.1-8b", "qwen3-8b"), plan.choices().stream().map(Choice::id).distinct().sorted()
                .toList());
        assertTrue(plan.ruledOut().keySet().containsAll(List.of("the publisher does not name the language th",
                "no list of the model's languages is known")), plan.ruledOut().toString());
        assertThrows(IllegalArgumentException.class, () -> PLANNER.plan(task(Needs.Task.CHAT, Traffic.of(1, 1, 1),
                List.of("german"), List.of())));
    }

    /// A log-normal distribution with mean 1 and 95th percentile p has `ln p = 1.645·σ - σ²/2`.
    @Test
    void longPromptsComeLaterAndTakeContext() {
        double sigma = 0.8;
        double tail = 1000 * Math.exp(1.645 * sigma - sigma * sigma / 2);
        Traffic spread = new Traffic(1000, tail, 300, 600, OptionalDouble.empty(), 1);
        assertEquals(Math.exp(sigma * sigma) / 2, spread.spread(), 1e-9);
        assertEquals(0.5, new Traffic(1000, 1000, 300, 0, OptionalDouble.empty(), 1).spread(), 1e-9);
        List<String> models = List.of("llama-3.1-70b");
        Choice plain = PLANNER.plan(task(Needs.Task.CHAT, Traffic.of(1000, 300, 1), List.of(), models)).choices()
                .getFirst();
        Choice late = PLANNER.plan(task(Needs.Task.CHAT, spread, List.of(), models)).choices().getFirst();
        assertTrue(late.month() > plain.month() || late.firstToken() > plain.firstToken());
        assertEquals(tail + 600, task(Needs.Task.CHAT, spread, List.of(), models).length(300), 1e-9);
        assertThrows(IllegalArgumentException.class, () -> new Traffic(1000, 5000, 1, 0, OptionalDouble.empty(), 1));
        assertThrows(IllegalArgumentException.class, () -> new Traffic(1000, 900, 1, 0, OptionalDouble.empty(), 1));
    }

    /// Claims whose figure is a quotient of numbers in the configs.
    @Test
    void claimsAndKindsAreComputed() {
        var device = Devices.known().get("H100 SXM 80GB");
        List<Claims.Claim> claims = Claims.of(device, Effects.fitted());
        assertEquals(List.of("82.2 %", "98.2 %", "46.3 B", "8.0 times", "4.0 times"), claims.stream().limit(5)
                .map(Claims.Claim::computed).toList());
        assertEquals(List.of(false, false, false, true, true), claims.stream().limit(5).map(Claims.Claim::holds)
                .toList());
        assertTrue(claims.stream().allMatch(c -> c.source().startsWith("https://")));
        List<Decisions.Architecture> rows = Decisions.of(Matrix.of(List.of("llama-2-7b", "llama-3.1-8b", "mamba2-2.7b",
                "deepseek-v3", "gemma-3-12b"), device, Effects.fitted()), device, Effects.fitted());
        assertTrue(rows.get(2).uses().contains("long texts") && !rows.get(0).uses().contains("long texts"));
        // 6 FLOPs for each active parameter and token.
        double perDollar = 0.4 * device.bf16() * 3600 / Prices.known().of(device.name()).orElseThrow().dollars();
        assertEquals(6e12 * Shape.of(rows.getFirst().row().spec()).active() / perDollar,
                rows.getFirst().training().orElseThrow(), 1);
        Needs needs = task(Needs.Task.KNOWLEDGE, Traffic.of(1000, 300, 20), List.of(), List.of("falcon-h1-34b",
                "mixtral-8x7b", "gpt-oss-20b", "llama-3.1-8b", "llama-3.1-70b"));
        List<Decisions.Equal> equal = Decisions.atEqualQuality(PLANNER, needs);
        assertTrue(equal.size() >= 3);
        for (Decisions.Equal row : equal) {
            row.cheapest().forEach((kind, c) -> assertTrue(c.points("MMLU-Pro") >= row.floor(), kind + " " + c.id()));
        }
        assertEquals(Set.of(Decisions.Kind.values()), equal.getFirst().cheapest().keySet());
        List<Decisions.Thought> thoughts = Decisions.atEqualCost(PLANNER, task(Needs.Task.REASONING,
                Traffic.of(1000, 300, 0.1), List.of(), List.of("qwen3-32b", "qwen3-8b")));
        double before = 0;
        for (Decisions.Thought t : thoughts) {
            double points = t.thinking().map(c -> c.points("AIME 2025")).orElse(0.0);
            assertTrue(points >= before && t.thinking().stream().allMatch(c -> c.month() <= t.budget()));
            before = points;
        }
    }

    /// By hand: Llama 3.1 8B caches 2 · 8 · 128 numbers in each of 32 layers; Mamba's state does not grow; DeepSeek V3
    /// caches 512 + 64 numbers in each of 61.
    @Test
    void theMatrixCountsCaches() {
        List<Matrix.Row> rows = Matrix.of(List.of("llama-3.1-8b", "mamba2-2.7b", "deepseek-v3"),
                Devices.known().get("H100 SXM 80GB"), Effects.fitted());
        Matrix.Cell far = rows.get(0).cells().get(3);
        assertEquals(2L * 32 * 2 * 8 * 128 * 1_048_576, far.cache());
        assertEquals(2L * 61 * 576 * 1_048_576, rows.get(2).cells().get(3).cache());
        assertEquals(rows.get(1).cells().getFirst().cache(), rows.get(1).cells().getLast().cache());
        for (Matrix.Row row : rows) {
            for (int i = 1; i < row.cells().size(); i++) {
                assertTrue(row.cells().get(i).cache() >= row.cells().get(i - 1).cache());
                assertTrue(row.cells().get(i).operations() >= row.cells().get(i - 1).operations());
            }
        }
    }

    @Test
    void theChecklistIsFilledIn() {
        Needs needs = needs(1000, 300, 1, 0, List.of("llama-3.1-8b"), List.of());
        Choice choice = PLANNER.plan(needs).choices().getFirst();
        String text = Checklist.of(needs, choice);
        for (String part : List.of("Evaluation", "Safety", "Latency", "Cost", "Data", "Licence", "Exit")) {
            assertTrue(text.contains("## " + part + "\n- ["), part);
        }
        assertTrue(text.contains("Llama Community License") && text.contains(choice.price().source())
                && text.contains(choice.price().date()) && text.contains("IFEval"), text);
        Score score = choice.scores().get("IFEval");
        assertTrue(score == null || text.contains(score.reporter()), text);
    }

    @Test
    void devicesAndPricesHaveSources() {
        Devices.known().all().forEach(d -> assertTrue(!d.source().isEmpty() && d.bandwidth() > 0, d.name()));
        Prices.Price price = Prices.known().of("H100 SXM 80GB").orElseThrow();
        assertTrue(price.dollars() > 0.5 && price.dollars() < 20 && !price.date().isEmpty()
                && !price.source().isEmpty());
    }
}
