"""Writes a small DICOM image: dicom.py PATH PATIENT_NAME."""

import sys

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

path, patient = sys.argv[1:]
meta = FileMetaDataset()
meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
meta.MediaStorageSOPInstanceUID = generate_uid()
meta.TransferSyntaxUID = ExplicitVRLittleEndian

image = Dataset()
image.file_meta = meta
image.SOPClassUID = meta.MediaStorageSOPClassUID
image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
image.StudyInstanceUID = generate_uid()
image.SeriesInstanceUID = generate_uid()
image.PatientName = patient
image.PatientID = "P-0042"
image.Modality = "OT"
image.StudyDescription = "Chest, two views"
image.Rows = image.Columns = 256
image.SamplesPerPixel = 1
image.PhotometricInterpretation = "MONOCHROME2"
image.BitsAllocated = image.BitsStored = 16
image.HighBit = 15
image.PixelRepresentation = 0
image.PixelData = b"".join((x * y % 65536).to_bytes(2, "little") for y in range(256) for x in range(256))
image.save_as(path, enforce_file_format=True)
