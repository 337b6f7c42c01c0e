//! What a program that ends with an error writes last. The lines have the form that Python and its
//! servers give them; names and figures are of the story.

use serde::Deserialize;

/// Why a program ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastWords {
    /// A setting of its environment is not there.
    #[default]
    SettingMissing,
    /// A package is not in the image.
    PackageMissing,
    /// A package is there and lacks what is imported from it.
    ImportFails,
    /// The GPU's memory does not hold the model.
    GpuMemory,
    /// The model's files are not where they are looked for.
    ModelMissing,
    /// Something else listens on its port.
    PortTaken,
    /// The web server kills workers that load for too long.
    WorkersTooSlow,
}

impl LastWords {
    /// The lines, the last one last.
    pub(super) const fn lines(self) -> &'static [&'static str] {
        match self {
            Self::SettingMissing => {
                &["Traceback (most recent call last):", "  File \"/app/main.py\", line 41, in <module>", "KeyError: 'TOKENIZER_PATH'"]
            }
            Self::PackageMissing => &[
                "Traceback (most recent call last):",
                "  File \"/app/main.py\", line 7, in <module>",
                "    from sentence_transformers import CrossEncoder",
                "ModuleNotFoundError: No module named 'sentence_transformers'",
            ],
            Self::ImportFails => &[
                "Traceback (most recent call last):",
                "  File \"/app/main.py\", line 9, in <module>",
                "    from tokenizers import Encoding",
                "ImportError: cannot import name 'Encoding' from 'tokenizers' (/usr/local/lib/python3.11/site-packages/tokenizers/__init__.py)",
            ],
            Self::GpuMemory => &[
                "Traceback (most recent call last):",
                "  File \"/app/main.py\", line 63, in load",
                "    model = model.to(\"cuda\")",
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB. GPU 0 has a total capacity of 14.58 GiB of which 623.56 MiB is free.",
            ],
            Self::ModelMissing => &[
                "Traceback (most recent call last):",
                "  File \"/app/main.py\", line 52, in load",
                "    weights = open(path, \"rb\")",
                "FileNotFoundError: [Errno 2] No such file or directory: '/models/fraud/model.safetensors'",
            ],
            Self::PortTaken => &[
                "INFO:     Waiting for application startup.",
                "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8080): address already in use",
            ],
            Self::WorkersTooSlow => &[
                "[1] [CRITICAL] WORKER TIMEOUT (pid:7)",
                "[1] [ERROR] Worker (pid:7) was sent SIGKILL! Perhaps out of memory?",
                "[9] [INFO] Booting worker with pid: 9",
                "[1] [CRITICAL] WORKER TIMEOUT (pid:9)",
            ],
        }
    }
}
