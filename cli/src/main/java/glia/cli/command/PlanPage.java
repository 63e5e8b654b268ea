package glia.cli.command;

import glia.plan.choose.Candidates;
import glia.plan.choose.Candidates.Candidate;
import glia.plan.choose.Choice.Format;
import glia.plan.choose.Licences;
import glia.plan.choose.Matrix;
import glia.plan.choose.Needs;
import glia.plan.choose.Planner;
import glia.plan.choose.Services;
import glia.plan.data.Device;
import glia.plan.data.Devices;
import glia.plan.data.Prices.Price;
import glia.plan.data.Quality.Score;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving.Rates;
import glia.plan.predict.Setup;
import glia.plan.predict.Setup.Split;
import glia.plan.predict.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A plan as a web page in one file, `plan.html`, which computes it again for other needs: the formulas of
/// [Planner] and [glia.plan.predict.Serving] with the rates of each model and setup.
final class PlanPage {
    private final Needs needs;
    private final Planner planner;
    private final Effects effects;
    private final List<Services.Offer> services;

    /// @param services that meet the needs
    PlanPage(Needs needs, Planner planner, Effects effects, List<Services.Offer> services) {
        this.needs = needs;
        this.planner = planner;
        this.effects = effects;
        this.services = List.copyOf(services);
    }

    /// Writes the page.
    ///
    /// @param matrixDevice of the chart of architectures
    void write(Path file, Device matrixDevice) throws IOException {
        LensPage.write(file, "plan.html", data(matrixDevice));
    }

    private Map<String, Object> data(Device matrixDevice) {
        String benchmark = needs.benchmarks().getFirst();
        Map<String, Object> data = new LinkedHashMap<>();
        Map<String, Object> asked = new LinkedHashMap<>();
        asked.put("prompt", needs.prompt());
        asked.put("longPrompt", needs.traffic().longPrompt());
        asked.put("output", needs.traffic().output());
        asked.put("longOutput", needs.traffic().longOutput());
        asked.put("thinking", planner.candidates().thinking(needs));
        asked.put("rate", needs.rate());
        asked.put("context", needs.context());
        asked.put("budget", Double.isFinite(needs.budget()) ? needs.budget() : null);
        asked.put("firstToken", needs.firstToken());
        asked.put("betweenTokens", needs.betweenTokens());
        data.put("needs", asked);
        data.put("task", needs.task().text());
        data.put("benchmark", benchmark);
        data.put("constants", Planner.constants());
        data.put("cacheBytes", Planner.CACHES);
        List<Candidate> candidates = planner.candidates().of(needs).stream()
                .filter(c -> Candidates.faults(needs, c).stream().allMatch(Candidates.TOO_SHORT::equals)).toList();
        List<Device> devices = planner.devices(needs).stream().filter(d -> d.memory().isPresent()).toList();
        List<Object> setups = new ArrayList<>();
        List<Object> models = new ArrayList<>();
        if (!candidates.isEmpty() && !devices.isEmpty()) {
            Shape unit = candidates.getFirst().shape();
            devices.forEach(device -> setups(device, unit, setups));
            Setup pair = new Setup(devices.getFirst(), 2, Split.TENSOR, "", 16, 0);
            Rates ofUnit = Rates.of(effects, pair, unit);
            candidates.forEach(c -> models.add(model(c, Rates.of(effects, pair, c.shape()), ofUnit, benchmark)));
        }
        data.put("setups", setups);
        data.put("models", models);
        data.put("services", services.stream().map(offer -> service(offer, benchmark)).toList());
        data.put("lengths", Matrix.LENGTHS);
        data.put("architectures", Matrix.of(Matrix.MODELS, matrixDevice, effects).stream().map(row -> Map.of("id",
                row.id(), "mixing", row.mixing(), "bytes", row.cells().stream().map(Matrix.Cell::cache).toList()))
                .toList());
        return data;
    }

    private void setups(Device device, Shape unit, List<Object> setups) {
        Price price = planner.price(needs, device);
        for (Format format : Format.values()) {
            for (int count : planner.counts(needs)) {
                Rates rates = Rates.of(effects, new Setup(device, count, Split.TENSOR, "", format.bits(), 0), unit);
                Map<String, Object> setup = new LinkedHashMap<>();
                setup.put("device", device.name());
                setup.put("devices", count);
                setup.put("format", format.name());
                setup.put("bits", format.bits());
                setup.put("memory", device.memory().orElseThrow());
                setup.put("price", price.dollars());
                setup.put("priceOf", price.source() + (price.date().isEmpty() ? "" : ", " + price.date()));
                setup.put("bandwidth", rates.bandwidth());
                setup.put("computing", rates.computing());
                setup.put("layers", rates.layers());
                setup.put("reduce", rates.reduce());
                setup.put("host", rates.host());
                setups.add(setup);
            }
        }
    }

    private static Map<String, Object> service(Services.Offer offer, String benchmark) {
        Score score = offer.scores().get(benchmark);
        Map<String, Object> service = new LinkedHashMap<>();
        service.put("item", offer.tokens().item());
        service.put("thinks", offer.thinks());
        service.put("provider", offer.tokens().provider());
        service.put("input", offer.tokens().input());
        service.put("output", offer.tokens().output());
        service.put("priceOf", offer.tokens().source() + (offer.tokens().date().isEmpty() ? ""
                : ", " + offer.tokens().date()));
        service.put("model", offer.model().orElse(""));
        service.put("score", score == null ? null : score.points());
        return service;
    }

    /// A model with its rates as multiples of those of the shape for which the setups' rates stand.
    private static Map<String, Object> model(Candidate candidate, Rates rates, Rates unit, String benchmark) {
        Shape shape = candidate.shape();
        Score score = candidate.scores().get(benchmark);
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("id", candidate.id());
        model.put("thinks", candidate.thinks());
        model.put("reads", candidate.spec().encoder().isEmpty());
        model.put("licence", Licences.of(candidate.id()).name());
        model.put("score", score == null ? null : score.points());
        model.put("scoreOf", score == null ? "" : score.reporter() + ", " + score.source());
        model.put("context", candidate.context());
        model.put("parameters", shape.parameters());
        model.put("active", shape.active());
        model.put("width", shape.width());
        model.put("cacheNumbers", shape.cacheNumbers());
        model.put("windowed", shape.windowed());
        model.put("window", shape.window());
        model.put("experts", shape.experts());
        model.put("chosenPart", shape.chosenPart());
        model.put("computing", rates.computing() / unit.computing());
        model.put("layers", rates.layers() / unit.layers());
        model.put("reduce", rates.reduce() / unit.reduce());
        return model;
    }
}
