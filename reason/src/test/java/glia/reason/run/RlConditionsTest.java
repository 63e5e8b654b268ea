package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.yaml.YamlDocument;
import glia.train.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Keys that another method, or another key, leaves without effect are named with what they need.
class RlConditionsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "rl: {gamma: 0.9} | key rl.gamma: has no effect: it needs rl.method: ppo",
        "rl: {method: rloo, value_clip: 0.1} | rl.value_clip: has no effect: it needs rl.method: ppo",
        "rl: {kl_estimator: k2} | rl.kl_estimator: has no effect: it needs rl.kl above 0",
        "rl: {kl_horizon: 10} | rl.kl_horizon: has no effect: it needs rl.kl_target",
        "rl: {entropy_max: 1} | rl.entropy_max: has no effect: it needs rl.entropy_target",
        "rl: {sampler_bound: 2} | rl.sampler_bound: has no effect: it needs rl.sampler_correction: token_truncate",
        "rl: {sampler_correction: token, sampler_bound: 2} | rl.sampler_bound: has no effect",
        "rl: {show_every: 0, show: 2} | rl.show: has no effect: it needs rl.show_every above 0",
        "problems: {task: a, held_out_share: 0.2} | held_out_share: has no effect: it needs problems.files",
        "problems: {files: a, seed: 3} | problems.seed: has no effect: it needs problems.task",
        "data: {train: a.txt} | key data.train: has no effect: it needs tokenizer.train, or another task than rl",
        "batch: {sequences: 3} | key batch.sequences: has no effect: it needs another task than rl"})
    void keysOfOtherMethods(String yaml, String note) throws Exception {
        List<String> notes = notes("task: rl\n" + yaml);
        assertEquals(1, notes.size(), notes.toString());
        assertTrue(notes.getFirst().startsWith("r.yaml: line 2: ") && notes.getFirst().contains(note),
                notes.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"rl: {method: ppo, gamma: 0.9, value_clip: 0.1, kl_estimator: k2}",
        "rl: {kl: 0.1, kl_estimator: k2, kl_target: 1, kl_horizon: 3}", "{data: {train: a}, tokenizer: {train: bpe}}",
        "rl: {sampler_correction: sequence, sampler_bounds: '2.0'}"})
    void keysWithAnEffectHaveNoNote(String yaml) throws Exception {
        String task = yaml.startsWith("{") ? yaml.replaceFirst("\\{", "{task: rl, ") : "task: rl\n" + yaml;
        assertEquals(List.of(), notes(task));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{task: cpo, preference: {margin: 1}} | preference.margin: has no effect: it needs preference.loss: simpo",
        "{task: cpo, preference: {loss: ipo, label_smoothing: 0.1}} | preference.label_smoothing: has no effect",
        "{task: dpo, preference: {divergence_alpha: 1}} | it needs preference.divergence: alpha_divergence",
        "{task: bco, preference: {least_ratio: 1}} | it needs preference.match_prompts: true",
        "{task: prm, data: {truncate: true}} | data.truncate: has no effect: it needs another task than prm"})
    void keysOfOtherLosses(String yaml, String note) throws Exception {
        List<String> notes = notes(yaml);
        assertTrue(notes.size() == 1 && notes.getFirst().contains(note), notes.toString());
        assertEquals(List.of(), notes("{task: cpo, preference: {loss: simpo, margin: 1, label_smoothing: 0.1}}"));
    }

    private static List<String> notes(String yaml) throws Exception {
        return Recipe.of(YamlDocument.parse(Path.of("r.yaml"), yaml), List.of()).unused();
    }
}
