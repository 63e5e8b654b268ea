package glia.plan.choose;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Row;
import glia.plan.data.Tables;
import glia.plan.predict.Decode;
import glia.plan.predict.Effects;
import glia.plan.predict.Prefill;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Shape;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/// Laws of plans and predictions, for random needs and hardware.
class PlanPropertiesTest {
    private static final Effects EFFECTS = Effects.fitted();
    private static final Devices DEVICES = Devices.known();
    private static final Planner PLANNER = new Planner(EFFECTS, DEVICES);
    private static final List<String> MODELS = List.of("llama-3.1-8b", "mixtral-8x7b", "qwen3-0.6b");

    private static double cheapest(Planner planner, double prompt, double output, double rate, double context,
            String model, String device) {
        Needs needs = new Needs(Needs.Task.CHAT, Traffic.of(prompt, output, rate), 5, 0.2, context, Map.of(),
                Needs.Licence.ANY, List.of(), List.of(device), Double.POSITIVE_INFINITY, OptionalDouble.of(2),
                List.of(model), false);
        return planner.plan(needs).choices().stream().mapToDouble(Choice::month).min().orElse(Double.POSITIVE_INFINITY);
    }

    @Provide
    Arbitrary<String> models() {
        return Arbitraries.of(MODELS);
    }

    @Provide
    Arbitrary<String> devices() {
        return Arbitraries.of("H100 SXM 80GB", "RTX 4090", "A100 SXM 40GB", "L40S");
    }

    @Property(tries = 15)
    void aLongerContextOrPromptIsNeverCheaper(@ForAll("models") String model, @ForAll("devices") String device,
            @ForAll @IntRange(min = 10, max = 8000) int prompt, @ForAll @IntRange(min = 10, max = 2000) int output,
            @ForAll @DoubleRange(min = 0.1, max = 50) double rate, @ForAll @DoubleRange(min = 1, max = 5) double more) {
        double cost = cheapest(PLANNER, prompt, output, rate, prompt + output, model, device);
        assertTrue(cheapest(PLANNER, prompt, output, rate, more * (prompt + output), model, device) >= cost);
        assertTrue(cheapest(PLANNER, more * prompt, output, rate, 0, model, device) >= cost);
        assertTrue(cheapest(PLANNER, prompt, output, more * rate, 0, model, device) >= cost);
    }

    @Property(tries = 15)
    void moreMemoryNeverMakesAPlanWorse(@ForAll("models") String model, @ForAll("devices") String device,
            @ForAll @IntRange(min = 10, max = 8000) int prompt, @ForAll @IntRange(min = 10, max = 2000) int output,
            @ForAll @DoubleRange(min = 0.1, max = 50) double rate, @ForAll @DoubleRange(min = 1, max = 4) double more) {
        Device d = DEVICES.get(device);
        Device larger = new Device(d.name(), d.kind(), OptionalDouble.of(more * d.memory().orElseThrow()),
                d.bandwidth(), d.fp32(), d.bf16(), d.fp8(), d.fp4(), d.measured(), d.link(), d.pcie(), d.watts(),
                d.cores(), d.source());
        assertTrue(cheapest(new Planner(EFFECTS, Devices.of(List.of(larger))), prompt, output, rate, 0, model, device)
                <= cheapest(PLANNER, prompt, output, rate, 0, model, device));
    }

    /// More bandwidth is never slower; more context, weights or sequences are never faster.
    @Property(tries = 200)
    void timesGrowWithWork(@ForAll("devices") String device, @ForAll @DoubleRange(min = 1e8, max = 4e11) double size,
            @ForAll @DoubleRange(min = 1, max = 100_000) double context,
            @ForAll @IntRange(min = 1, max = 500) int batch, @ForAll @DoubleRange(min = 1, max = 8) double more) {
        Shape shape = Shape.ofParameters(size, size);
        Setup setup = new Setup(DEVICES.get(device), 1, Setup.Split.TENSOR, "", 16, 0);
        double bytes = 2 * size;
        double token = Decode.seconds(EFFECTS, setup, shape, bytes, context);
        assertTrue(Decode.seconds(EFFECTS, setup, shape, more * bytes, context) >= token);
        assertTrue(Decode.seconds(EFFECTS, setup, shape, bytes, more * context) >= token);
        assertTrue(Prefill.seconds(EFFECTS, setup, shape, more * context) >= Prefill.seconds(EFFECTS, setup, shape,
                context));
        Serving.Load load = new Serving.Load(context, 100, 0, 2);
        double step = Serving.step(EFFECTS, setup, shape, bytes, load, batch);
        assertTrue(Serving.step(EFFECTS, setup, shape, bytes, load, more * batch) >= step);
        assertTrue(step / batch >= Serving.step(EFFECTS, setup, shape, bytes, load, more * batch) / (more * batch),
                "a larger batch has a higher throughput");
        assertTrue(Serving.fitting(setup, shape, more * bytes, load) <= Serving.fitting(setup, shape, bytes, load));
    }

    /// Every row of a table that holds numbers names who published them, and when, or when they were compiled.
    @Example
    void everyNumberHasASourceAndADate() {
        for (String table : List.of("hardware.csv", "prices.csv", "model-quality.csv")) {
            for (Row row : Tables.resource(Tables.class, table)) {
                assertTrue(row.words("source").isPresent(), () -> row + " has no source");
                String date = row.words("source_date").orElse(row.text("date"));
                assertTrue(date.matches(".*\\b20[12]\\d\\b.*"), () -> row + " has no date");
            }
        }
    }
}
