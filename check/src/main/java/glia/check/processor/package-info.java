/// Reference cases of processors.
package glia.check.processor;
