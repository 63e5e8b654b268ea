package glia.style;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Modules and packages point one way.
class ArchitectureTest {
    /// Each may use only what stands before it.
    private static final List<String> MODULES = List.of("tensor", "kernels", "io", "jinja", "text", "model", "engine",
            "lab", "train", "cluster", "reason", "check", "serve", "cli");
    /// The packages of the engine below its front, which is `glia.engine`; each may use only what stands before it.
    private static final List<String> ENGINE = List.of("sampling", "thinking", "steer", "state", "draft", "schedule",
            "grammar", "answer", "tool", "pass", "diffusion", "runner", "load");
    private static final Pattern IMPORT =
            Pattern.compile("(?m)^import (?:static )?(glia\\.[a-z0-9.]*[a-z0-9])\\.[A-Z]");
    private static final JavaClasses CLASSES = load();

    private static JavaClasses load() {
        List<Path> folders = MODULES.stream().map(module -> Path.of("..", module, "target", "classes")).toList();
        folders.forEach(folder -> assertTrue(Files.isDirectory(folder), folder + " was not built"));
        return new ClassFileImporter().importPaths(folders);
    }

    @Test
    void modulesUseOnlyThoseBeforeThem() {
        requireOrder(MODULES.stream().map(module -> "glia." + module).toList());
    }

    /// `call`, `embedding`, `inspect`, `picture`, `score`, `speech` and `training` use models, and it uses none of
    /// them.
    @Test
    void packagesOfTheEngineUseOnlyThoseBeforeThem() {
        requireOrder(ENGINE.stream().map(name -> "glia.engine." + name).toList());
        String[] front = {"glia.engine", "glia.engine.call..", "glia.engine.embedding..", "glia.engine.inspect..",
            "glia.engine.picture..", "glia.engine.score..", "glia.engine.speech..", "glia.engine.training..",
            "glia.engine.voice.."};
        String[] below = ENGINE.stream().map(name -> "glia.engine." + name + "..").toArray(String[]::new);
        noClasses().that().resideInAnyPackage(below).should().dependOnClassesThat().resideInAnyPackage(front)
                .check(CLASSES);
        noClasses().that().resideInAPackage(front[0]).should().dependOnClassesThat()
                .resideInAnyPackage(Arrays.copyOfRange(front, 1, front.length)).check(CLASSES);
        classes().that().resideInAPackage("glia.engine..").should().resideInAnyPackage(
                Stream.of(front, below).flatMap(Arrays::stream).toArray(String[]::new)).check(CLASSES);
    }

    private static void requireOrder(List<String> packages) {
        for (int i = 0; i < packages.size(); i++) {
            assertTrue(CLASSES.containPackage(packages.get(i)), packages.get(i) + " holds no classes");
            for (int later = i + 1; later < packages.size(); later++) {
                noClasses().that().resideInAPackage(packages.get(i) + "..")
                        .should().dependOnClassesThat().resideInAPackage(packages.get(later) + "..").check(CLASSES);
            }
        }
    }

    @Test
    void packagesHaveNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
                return SliceIdentifier.of(javaClass.getPackageName());
            }

            @Override
            public String getDescription() {
                return "packages";
            }
        }).should().beFreeOfCycles().check(CLASSES);
    }

    /// By imports, which constants have too, although compilers copy their values; `integrations` is not built here.
    @Test
    void importsHaveNoCycles() throws IOException {
        Map<String, Set<String>> imports = new TreeMap<>();
        List<String> modules = new ArrayList<>(MODULES);
        modules.addAll(List.of("integrations", "jmh"));
        for (String module : modules) {
            Path sources = Path.of("..", module, "src", "main", "java");
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    String from = sources.relativize(file.getParent()).toString().replace(File.separatorChar, '.');
                    IMPORT.matcher(Files.readString(file)).results().map(found -> found.group(1))
                            .filter(to -> !to.equals(from))
                            .forEach(to -> imports.computeIfAbsent(from, _ -> new TreeSet<>()).add(to));
                }
            }
        }
        assertTrue(imports.containsKey("glia.integrations") && imports.size() > 50, imports.keySet().toString());
        // Packages that import none of those that are left are taken away until only cycles are left.
        while (imports.keySet().removeIf(from -> Collections.disjoint(imports.get(from), imports.keySet()))) {
            continue;
        }
        assertEquals(Map.of(), imports);
    }

    @Test
    void specsKnowNothingOfBlocksAndFamilies() {
        noClasses().that().resideInAPackage("glia.model.spec..")
                .should().dependOnClassesThat().resideInAnyPackage("glia.model.block..", "glia.model.family..")
                .check(CLASSES);
    }
}
