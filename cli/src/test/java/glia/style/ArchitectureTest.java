package glia.style;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Modules and packages point one way.
class ArchitectureTest {
    /// Each may use only what stands before it.
    private static final List<String> MODULES = List.of("tensor", "kernels", "io", "jinja", "text", "model", "engine",
            "lab", "train", "reason", "cli");
    private static final JavaClasses CLASSES = classes();

    private static JavaClasses classes() {
        List<Path> folders = MODULES.stream().map(module -> Path.of("..", module, "target", "classes")).toList();
        folders.forEach(folder -> assertTrue(Files.isDirectory(folder), folder + " was not built"));
        return new ClassFileImporter().importPaths(folders);
    }

    @Test
    void modulesUseOnlyThoseBeforeThem() {
        for (int i = 0; i < MODULES.size(); i++) {
            assertTrue(CLASSES.containPackage("glia." + MODULES.get(i)), MODULES.get(i) + " holds no classes");
            for (int later = i + 1; later < MODULES.size(); later++) {
                noClasses().that().resideInAPackage("glia." + MODULES.get(i) + "..")
                        .should().dependOnClassesThat().resideInAPackage("glia." + MODULES.get(later) + "..")
                        .check(CLASSES);
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

    @Test
    void specsKnowNothingOfBlocksAndFamilies() {
        noClasses().that().resideInAPackage("glia.model.spec..")
                .should().dependOnClassesThat().resideInAnyPackage("glia.model.block..", "glia.model.family..")
                .check(CLASSES);
    }
}
